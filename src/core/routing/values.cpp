// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/values.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::routing {

namespace {

std::string_view without_blanks(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the next part of `rest`, up to `separator`, out of it.
std::string_view next_part(std::string_view& rest, char separator) noexcept {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

/// Whether `sent`, decoded once, is `expected`.
bool decodes_to(std::string_view sent, std::string_view expected) noexcept {
  size_t at = 0;
  for (const char wanted : expected) {
    if (at == sent.size())
      return false;
    unsigned char c = static_cast<unsigned char>(sent[at]);
    size_t used = 1;
    if (c == '%' && sent.size() - at > 2) {
      const auto* digits = sent.data() + at + 1;
      unsigned char decoded = 0;
      const auto result = std::from_chars(digits, digits + 2, decoded, 16);
      if (result.ptr == digits + 2) {
        c = decoded;
        used = 3;
      }
    }
    if (c != static_cast<unsigned char>(wanted))
      return false;
    at += used;
  }
  return at == sent.size();
}

} // namespace

bool is_same_field(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size()
      && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ascii_lower(x) == ascii_lower(y);
         });
}

bool is_host_of(std::string_view pattern, std::string_view host) noexcept {
  if (host.empty())
    return false;
  if (pattern == "*")
    return true;
  if (!pattern.starts_with("*."))
    return pattern == host;
  const auto suffix = pattern.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

bool is_below(std::string_view prefix, std::string_view path) noexcept {
  if (!prefix.starts_with('/') || !path.starts_with('/'))
    return false;
  while (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  return path.starts_with(prefix)
      && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool has_pair(std::string_view query, std::string_view name,
              std::string_view value) noexcept {
  while (!query.empty()) {
    auto pair = next_part(query, '&');
    if (pair.empty())
      continue;
    const auto key = next_part(pair, '=');
    if (decodes_to(key, name) && decodes_to(pair, value))
      return true;
  }
  return false;
}

std::optional<std::string_view> first_cookie(const header_lines& headers,
                                             std::string_view name) noexcept {
  for (size_t i = 0; i < headers.size(); ++i) {
    auto [field, rest] = headers[i];
    if (!is_same_field(field, "cookie"))
      continue;
    while (!rest.empty()) {
      const auto cookie = next_part(rest, ';');
      const auto equals = cookie.find('=');
      if (equals != cookie.npos
          && without_blanks(cookie.substr(0, equals)) == name)
        return without_blanks(cookie.substr(equals + 1));
    }
  }
  return std::nullopt;
}

} // namespace troupe::routing
