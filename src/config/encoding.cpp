// SPDX-License-Identifier: BSD-3-Clause
#include "config/encoding.hpp"

#include "core/one_line.hpp"

namespace troupe::config {

namespace {

bool is_control(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

} // namespace

std::optional<bad_character> find_bad_character(std::string_view text) {
  position at{1, 1};
  while (!text.empty()) {
    if (is_control(static_cast<unsigned char>(text[0])))
      return bad_character{at, "a control character, expected plain text"};
    const auto size = utf8_size(text);
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
