// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/http/http_server.hpp"
#include "core/settings.hpp"
#include "os/service_user.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Decides which clients may use which parts of the admin API.
namespace troupe::actors {

struct access_token {
  std::string name; ///< of its file, for the log
  std::string secret;
  token_role role = token_role::read;
};

/// Reads a file's first and only line. @param user See service_user.hpp.
/// @returns its error, "" if there is none: it cannot be read, is
/// empty, or holds anything but one word of printable characters. Never shows
/// the secret.
std::string check_token(const token_settings& settings, os::user_ptr user);

/// Reads all of them. Warns about files that all users may read.
/// @throws std::runtime_error for what check_token() finds.
std::vector<access_token>
read_tokens(const std::vector<token_settings>& settings,
            os::user_ptr user = nullptr);

struct access {
  unsigned status = 200; ///< 401: no valid token, 403: not with this one
  std::string text;      ///< of a refusal
  std::string who;       ///< the user: "uid 0", "token deploy from 10.0.0.9"
  token_role role = token_role::read; ///< of the user
};

/// Users who may open the Unix socket may do everything. Over TCP a bearer
/// token is needed: any for GET, one with role `operate` for the rest.
/// Comparing takes the same time whatever the token.
access check_access(const admin::request& request,
                    const std::vector<access_token>& tokens);

} // namespace troupe::actors
