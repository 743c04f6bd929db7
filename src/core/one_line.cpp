// SPDX-License-Identifier: BSD-3-Clause
#include "core/one_line.hpp"

#include <algorithm>
#include <cstdint>

namespace troupe {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

bool is_plain(char c) noexcept { return c >= ' ' && c <= '~'; }

/// @pre `bytes` are one character of UTF-8, not of ASCII.
uint32_t code_of(std::string_view bytes) noexcept {
  const auto first = static_cast<unsigned char>(bytes[0]);
  uint32_t result = first & (0x7Fu >> bytes.size());
  for (const char c : bytes.substr(1))
    result = result << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return result;
}

/// Beyond ASCII: C1 controls, breaks of lines and paragraphs, and marks that
/// show a text in another order than it is written.
bool is_control(uint32_t code) noexcept {
  return (code >= 0x80 && code < 0xA0) || code == 0x061C || code == 0x200E
      || code == 0x200F || (code >= 0x2028 && code <= 0x202E)
      || (code >= 0x2066 && code <= 0x2069);
}

std::string escaped_byte(unsigned char byte) {
  if (byte == '\n')
    return "\\n";
  if (byte == '\r')
    return "\\r";
  if (byte == '\t')
    return "\\t";
  return {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
}

/// @pre `unprintable` is one character, or one byte.
std::string escaped(std::string_view unprintable) {
  if (unprintable.size() == 1)
    return escaped_byte(static_cast<unsigned char>(unprintable[0]));
  const auto code = code_of(unprintable);
  std::string result = "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    result += digits[code >> shift & 15];
  return result;
}

} // namespace

size_t utf8_size(std::string_view text) noexcept {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto first = byte(0), second = byte(1);
  if (text.empty())
    return 0;
  if (first < 0x80)
    return 1;
  if (first >= 0xC2 && first <= 0xDF)
    return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second >= 0xA0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && second < 0x90;
    const bool beyond = first == 0xF4 && second >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4
                                                                          : 0;
  }
  return 0;
}

character first_character(std::string_view text) noexcept {
  const auto size = utf8_size(text);
  if (size <= 1)
    return {1, size == 1 && is_plain(text[0])};
  return {size, !is_control(code_of(text.substr(0, size)))};
}

std::string one_line(std::string_view text, size_t bytes_max) {
  std::string result;
  result.reserve(std::min(text.size(), bytes_max));
  while (!text.empty()) {
    const auto next = first_character(text);
    const std::string shown = next.printable
                              ? std::string{text.substr(0, next.size)}
                              : escaped(text.substr(0, next.size));
    if (shown.size() > bytes_max - result.size())
      return result + "...";
    result += shown;
    text.remove_prefix(next.size);
  }
  return result;
}

} // namespace troupe
