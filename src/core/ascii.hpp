// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace troupe {

/// A letter of ASCII in lower case; any other byte as it is, whatever the
/// locale.
constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

constexpr bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9')
      || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

} // namespace troupe
