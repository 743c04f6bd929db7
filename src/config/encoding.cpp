// SPDX-License-Identifier: BSD-3-Clause
#include "config/encoding.hpp"

namespace troupe::config {

namespace {

bool is_control(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

/// Bytes of the UTF-8 character that `text` begins with; 0 when it is none.
size_t character_size(std::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto first = byte(0), second = byte(1);
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

} // namespace

std::optional<bad_character> find_bad_character(std::string_view text) {
  position at{1, 1};
  while (!text.empty()) {
    if (is_control(static_cast<unsigned char>(text[0])))
      return bad_character{at, "a control character, expected plain text"};
    const auto size = character_size(text);
    if (size == 0)
      return bad_character{at, "not UTF-8; save the file as UTF-8"};
    if (text[0] == '\n')
      at = {at.line + 1, 1};
    else
      at.column += static_cast<unsigned>(size);
    text.remove_prefix(size);
  }
  return std::nullopt;
}

} // namespace troupe::config
