// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/request_id.hpp"

#include <array>

namespace troupe::net {

namespace {

/// @returns eight hexadecimal digits, one a byte.
uint64_t to_hex(uint32_t value) noexcept {
  constexpr uint64_t each = 0x0101'0101'0101'0101;
  uint64_t x = value;
  x = (x | x << 16) & 0x0000'ffff'0000'ffff;
  x = (x | x << 8) & 0x00ff'00ff'00ff'00ff;
  x = (x | x << 4) & 0x0f0f'0f0f'0f0f'0f0f; // a nibble a byte
  const auto letters = (x + 6 * each) >> 4 & each;
  return x + '0' * each + letters * ('a' - '9' - 1);
}

} // namespace

void make_request_id(uint64_t random, std::string& out) {
  const std::array<uint64_t, 2> digits{to_hex(static_cast<uint32_t>(random)),
                                       to_hex(random >> 32)};
  out.assign(reinterpret_cast<const char*>(digits.data()), sizeof digits);
}

} // namespace troupe::net
