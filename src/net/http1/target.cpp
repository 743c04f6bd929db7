// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/target.hpp"

#include "net/http1/fields.hpp"
#include "net/http1/text_scan.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

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

/// @param if_empty RFC 3986: port = *DIGIT.
std::optional<uint16_t> read_port(std::string_view text,
                                  uint16_t if_empty) noexcept {
  if (text.empty())
    return if_empty;
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    port = port * 10 + static_cast<uint32_t>(c - '0');
    if (port > 65'535)
      return std::nullopt;
  }
  return static_cast<uint16_t>(port);
}

bool is_port(std::string_view text) noexcept {
  return read_port(text, 0).has_value();
}

/// The colon before the port of a valid host, or npos.
size_t port_colon(std::string_view host) noexcept {
  return host.find(':', host.front() == '[' ? host.find(']') : 0);
}

bool is_ipv6(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos)
    return false;
  std::copy(text.begin(), text.end(), copy.begin());
  in6_addr address{};
  return inet_pton(AF_INET6, copy.data(), &address) == 1;
}

request_target absolute_form(std::string_view method, std::string_view rest,
                             uint16_t default_port) noexcept {
  const auto end = rest.find_first_of("/?");
  const auto authority = rest.substr(0, end);
  if (authority.empty())
    return {};
  if (end == std::string_view::npos)
    return {true, method == "OPTIONS" ? "*" : "/", authority, default_port};
  return {true, rest.substr(end), authority, default_port, rest[end] == '?'};
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
  for (const auto& [scheme, port] :
       {std::pair<std::string_view, uint16_t>{"http://", 80},
        {"https://", 443}})
    if (iequals(target.substr(0, scheme.size()), scheme))
      return absolute_form(method, target.substr(scheme.size()), port);
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

std::string_view port_of(std::string_view host) noexcept {
  const auto colon = port_colon(host);
  return colon == host.npos ? std::string_view{} : host.substr(colon + 1);
}

bool is_same_host(std::string_view a, std::string_view b,
                  uint16_t default_port) noexcept {
  const auto colon_a = port_colon(a);
  const auto colon_b = port_colon(b);
  const auto port = [=](std::string_view host, size_t colon) {
    return colon == host.npos ? default_port
                              : read_port(host.substr(colon + 1), default_port);
  };
  return iequals(a.substr(0, colon_a), b.substr(0, colon_b))
      && port(a, colon_a) == port(b, colon_b);
}

} // namespace troupe::net::http1
