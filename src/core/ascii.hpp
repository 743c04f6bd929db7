// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace troupe {

/// A letter of ASCII in lower case; any other byte as it is, whatever the
/// locale.
constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

} // namespace troupe
