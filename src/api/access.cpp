// SPDX-License-Identifier: BSD-3-Clause
#include "api/access.hpp"
#include "actors/events/log.hpp"
#include "core/secret.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace troupe::actors {

namespace {

constexpr size_t secret_bytes_max = 4096;

bool is_visible(char c) { return c > ' ' && c <= '~'; }

/// @returns what is wrong with it, "" when it is in `to`.
std::string read_secret(const std::string& file, os::user_ptr user,
                        std::string& to) {
  if (auto fault = os::read_file(file, secret_bytes_max, user, to);
      !fault.empty())
    return fault;
  while (!to.empty() && (to.back() == '\n' || to.back() == '\r'))
    to.pop_back();
  if (to.empty())
    return "is empty, expected a token";
  if (!std::all_of(to.begin(), to.end(), is_visible))
    return "expected one line without spaces";
  return {};
}

void warn_if_public(const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code ec;
  auto mode = fs::status(file, ec).permissions();
  if (!ec && (mode & fs::perms::others_read) != fs::perms::none)
    log::warn("admin.tokens: {} can be read by every user of this host; "
              "chmod o-r it",
              file);
}

/// Takes time by the length of `given` only.
bool same_secret(std::string_view given, const std::string& secret) {
  volatile unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i)
    difference =
      difference | static_cast<unsigned>(given[i] ^ secret[i % secret.size()]);
  return difference == 0;
}

/// The token that `given` is, the mightier one if there are two.
const access_token* find_token(std::string_view given,
                               const std::vector<access_token>& tokens) {
  const access_token* result = nullptr;
  for (const auto& token : tokens) // all of them, for the same time
    if (same_secret(given, token.secret)
        && (result == nullptr || token.role == token_role::operate))
      result = &token;
  return result;
}

} // namespace

std::string check_token(const token_settings& settings, os::user_ptr user) {
  secret content;
  const auto fault = read_secret(settings.file, user, content.text);
  return fault.empty() ? "" : settings.file + ": " + fault;
}

std::vector<access_token>
read_tokens(const std::vector<token_settings>& settings, os::user_ptr user) {
  std::vector<access_token> result;
  for (const auto& x : settings) {
    warn_if_public(x.file);
    auto& token = result.emplace_back();
    token.name = std::filesystem::path{x.file}.filename().string();
    token.role = x.role;
    if (const auto fault = read_secret(x.file, user, token.secret);
        !fault.empty())
      throw std::runtime_error(
        fmt::format("admin.tokens: {}: {}", x.file, fault));
  }
  return result;
}

access check_access(const admin::request& request,
                    const std::vector<access_token>& tokens) {
  if (request.local)
    return {200, {}, request.peer, token_role::operate};
  constexpr std::string_view scheme = "Bearer ";
  std::string_view given = request.authorization;
  if (!boost::algorithm::istarts_with(given, scheme))
    return {401, "expected a field `Authorization: Bearer TOKEN`", {}};
  given.remove_prefix(scheme.size());
  const auto* token = find_token(given, tokens);
  if (token == nullptr)
    return {401, "this token is not known here", {}};
  if (request.method != "GET" && token->role != token_role::operate)
    return {
      403, "this token may only read; its role would have to be operator", {}};
  return {200,
          {},
          fmt::format("token {} from {}", token->name, request.peer),
          token->role};
}

} // namespace troupe::actors
