// SPDX-License-Identifier: BSD-3-Clause
#include "actors/admin_access.hpp"
#include "actors/log.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace troupe::actors {

namespace {

constexpr size_t secret_bytes_max = 4096;

[[noreturn]] void fail(const std::string& file, std::string_view why) {
  throw std::runtime_error(fmt::format("admin.tokens: {}: {}", file, why));
}

bool is_visible(char c) { return c > ' ' && c <= '~'; }

std::string read_secret(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in)
    fail(file, "cannot be read");
  std::string text(secret_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > secret_bytes_max)
    fail(file, fmt::format("holds more than {} bytes", secret_bytes_max));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  if (text.empty())
    fail(file, "is empty");
  if (!std::all_of(text.begin(), text.end(), is_visible))
    fail(file, "expected one line without spaces");
  return text;
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

std::vector<access_token>
read_tokens(const std::vector<token_settings>& settings) {
  std::vector<access_token> result;
  for (const auto& x : settings) {
    warn_if_public(x.file);
    result.push_back({std::filesystem::path{x.file}.filename().string(),
                      read_secret(x.file), x.role});
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
