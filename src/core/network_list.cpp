// SPDX-License-Identifier: BSD-3-Clause
#include "core/network_list.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace troupe {

namespace {

/// Of ::ffff:a.b.c.d, which endpoint::ip_bytes() gives as the 4 bytes of IPv4.
constexpr unsigned mapped_bits = 96;

/// Length of the prefix in "/24", of an address of `bits_max` bits.
std::optional<unsigned> prefix_length(std::string_view digits,
                                      unsigned bits_max) noexcept {
  unsigned bits = 0;
  const auto* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, bits);
  if (result.ec != std::errc{} || result.ptr != end || bits > bits_max)
    return std::nullopt;
  return bits;
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
    unix_ = unix_ || text == "unix:";
    const auto slash = text.find('/');
    const auto address = endpoint::parse_ip(text.substr(0, slash), 0);
    if (!address)
      continue;
    const auto bytes = address->ip_bytes();
    const unsigned written_bits = address->family() == AF_INET ? 32 : 128;
    const bool mapped = bytes.size() * 8 < written_bits;
    auto bits = written_bits;
    if (slash != std::string_view::npos) {
      const auto length = prefix_length(text.substr(slash + 1), written_bits);
      if (!length || (mapped && *length < mapped_bits))
        continue;
      bits = *length;
    }
    networks_.push_back(
      {std::string{bytes}, mapped ? bits - mapped_bits : bits});
  }
  unix_ = unix_ || (has_all(4) && has_all(16));
}

bool network_list::has_all(size_t bytes) const noexcept {
  return std::any_of(networks_.begin(), networks_.end(),
                     [=](const network& net) {
                       return net.bits == 0 && net.bytes.size() == bytes;
                     });
}

bool network_list::contains(const endpoint& address) const noexcept {
  if (address.family() == AF_UNIX)
    return unix_;
  const auto bytes = address.ip_bytes();
  return std::any_of(networks_.begin(), networks_.end(),
                     [=](const network& net) {
                       return net.bytes.size() == bytes.size()
                           && share_bits(net.bytes, bytes, net.bits);
                     });
}

} // namespace troupe
