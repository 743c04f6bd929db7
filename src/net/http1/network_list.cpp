// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/forward.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::net::http1 {

namespace {

constexpr std::string_view mapped_prefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
constexpr unsigned mapped_bits = 96;

/// An IPv4 client of a dual-stack listener arrives as ::ffff:a.b.c.d.
std::string_view unmap(std::string_view bytes) noexcept {
  return bytes.size() == 16 && bytes.starts_with(mapped_prefix)
         ? bytes.substr(mapped_prefix.size())
         : bytes;
}

bool share_bits(std::string_view a, std::string_view b,
                unsigned bits) noexcept {
  const auto whole = bits / 8;
  if (a.substr(0, whole) != b.substr(0, whole))
    return false;
  const auto rest = bits % 8;
  if (rest == 0)
    return true;
  const auto differing = static_cast<unsigned char>(a[whole] ^ b[whole]);
  return differing >> (8 - rest) == 0;
}

} // namespace

network_list::network_list(const std::vector<std::string>& networks) {
  for (const std::string_view text : networks) {
    const auto slash = text.find('/');
    const auto address = endpoint::parse_ip(text.substr(0, slash), 0);
    if (!address || address->ip_bytes().empty())
      continue;
    const auto bytes = address->ip_bytes();
    auto bits = static_cast<unsigned>(8 * bytes.size());
    if (slash != std::string_view::npos) {
      const auto digits = text.substr(slash + 1);
      const auto* end = digits.data() + digits.size();
      const auto result = std::from_chars(digits.data(), end, bits);
      if (result.ec != std::errc{} || result.ptr != end
          || bits > 8 * bytes.size())
        continue;
    }
    const auto shorter = unmap(bytes);
    if (shorter.size() != bytes.size() && bits >= mapped_bits)
      networks_.push_back({std::string{shorter}, bits - mapped_bits});
    else
      networks_.push_back({std::string{bytes}, bits});
  }
}

bool network_list::contains(const endpoint& address) const noexcept {
  const auto bytes = unmap(address.ip_bytes());
  return std::any_of(networks_.begin(), networks_.end(),
                     [=](const network& net) {
                       return net.bytes.size() == bytes.size()
                           && share_bits(net.bytes, bytes, net.bits);
                     });
}

} // namespace troupe::net::http1
