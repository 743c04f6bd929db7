// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/routing_view.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace troupe::net::http1 {

namespace {

/// @param text A valid address, at most as long as the buffer.
void append_ipv6(std::string_view text, std::string& to) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  std::copy_n(text.begin(), std::min(text.size(), copy.size() - 1),
              copy.begin());
  in6_addr address{};
  if (inet_pton(AF_INET6, copy.data(), &address) == 1
      && inet_ntop(AF_INET6, &address, copy.data(), copy.size()) != nullptr)
    to += copy.data();
}

} // namespace

std::string_view canonical_host(std::string_view host, std::string& buffer) {
  buffer.clear();
  if (host.starts_with('[')) {
    buffer += '[';
    append_ipv6(host.substr(1, host.find(']') - 1), buffer);
    buffer += ']';
    return buffer;
  }
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.'))
    host.remove_suffix(1);
  buffer.resize(host.size());
  std::ranges::transform(host, buffer.begin(), ascii_lower);
  return buffer;
}

routing::request_view routing_view(const request_head& head,
                                   const endpoint& client,
                                   std::string& host_buffer) {
  routing::request_view result;
  result.host = canonical_host(head.host, host_buffer);
  result.method = head.method;
  const auto mark = head.path.find('?');
  // "http://host?query" has its path in the prefix.
  result.path =
    head.path_prefix.empty() ? head.path.substr(0, mark) : head.path_prefix;
  if (mark != std::string_view::npos)
    result.query = head.path.substr(mark + 1);
  result.headers = routing::header_lines{head.all()};
  result.client = &client;
  return result;
}

} // namespace troupe::net::http1
