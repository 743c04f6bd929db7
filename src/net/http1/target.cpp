// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/target.hpp"

#include "net/http1/fields.hpp"
#include "net/http1/text_scan.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>

namespace troupe::net::http1 {

namespace {

constexpr auto host_chars = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c)
    table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c)
    table[c] = table[c - 'a' + 'A'] = true;
  for (unsigned char c : std::string_view{"-._~%!$&'()*+;="})
    table[c] = true;
  return table;
}();

bool is_target_text(std::string_view text) noexcept {
  return !text.empty() && is_all<text_kind::target>(text);
}

bool is_port(std::string_view text) noexcept {
  if (text.empty())
    return true; // RFC 3986: port = *DIGIT
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return false;
    port = port * 10 + static_cast<uint32_t>(c - '0');
    if (port > 65'535)
      return false;
  }
  return true;
}

bool is_ipv6(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos)
    return false;
  std::copy(text.begin(), text.end(), copy.begin());
  in6_addr address{};
  return inet_pton(AF_INET6, copy.data(), &address) == 1;
}

request_target absolute_form(std::string_view method,
                             std::string_view rest) noexcept {
  const auto end = rest.find_first_of("/?");
  const auto authority = rest.substr(0, end);
  if (authority.empty())
    return {};
  if (end == std::string_view::npos)
    return {true, method == "OPTIONS" ? "*" : "/", authority};
  // "http://host?query" has no origin-form within the received bytes.
  if (rest[end] == '?')
    return {};
  return {true, rest.substr(end), authority};
}

} // namespace

request_target split_target(std::string_view method,
                            std::string_view target) noexcept {
  if (!is_target_text(target))
    return {};
  if (target.front() == '/')
    return {true, target, {}};
  if (target == "*")
    return {method == "OPTIONS", target, {}};
  for (std::string_view scheme : {"http://", "https://"})
    if (iequals(target.substr(0, scheme.size()), scheme))
      return absolute_form(method, target.substr(scheme.size()));
  return {};
}

bool is_valid_host(std::string_view host) noexcept {
  if (host.empty())
    return false;
  if (host.front() == '[') {
    const auto close = host.find(']');
    if (close == std::string_view::npos || !is_ipv6(host.substr(1, close - 1)))
      return false;
    const auto rest = host.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto end = std::find_if_not(
    host.begin(), host.end(), [](unsigned char c) { return host_chars[c]; });
  if (end == host.begin())
    return false;
  if (end == host.end())
    return true;
  return *end == ':'
      && is_port(host.substr(static_cast<size_t>(end - host.begin()) + 1));
}

} // namespace troupe::net::http1
