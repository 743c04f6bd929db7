// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <string>
#include <string_view>

/// What a server says of its own URLs, in the terms of the client: a rewrite
/// let it believe that they are others.
namespace troupe::net::http1 {

/// How the request of the client and that of the server differ.
struct rewrite_facts {
  std::string client_scheme;
  std::string client_host; ///< with its port; "" if it named none
  std::string server_host; ///< the Host that the server gets
  /// Without `/` at the end; the server has the second for the first.
  std::string client_prefix;
  std::string server_prefix;
  bool has_prefix = false;

  void clear() noexcept;
};

/// Appends the value of a Location in the client's terms. Only an URL of the
/// host that the server was asked for changes, or a path that begins with `/`.
/// @returns false if the value stays as it is; nothing was appended.
bool undo_location(std::string_view value, const rewrite_facts& facts,
                   std::string& to);

/// Appends the value of a Set-Cookie with Domain and Path changed.
/// @returns false if the value stays as it is; nothing was appended.
bool undo_cookie(std::string_view value, const rewrite_response_settings& rules,
                 std::string& to);

} // namespace troupe::net::http1
