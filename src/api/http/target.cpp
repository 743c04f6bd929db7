// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/target.hpp"

#include <charconv>

namespace troupe::admin {

namespace {

/// Of the character that begins `text`; 0 if none does. Neither a control
/// character (of C0 or C1) nor what UTF-8 does not allow (RFC 3629 section 4).
size_t character_size(std::string_view text) noexcept {
  const auto byte = [&](size_t n) -> unsigned {
    return n < text.size() ? static_cast<unsigned char>(text[n]) : 0;
  };
  const auto follows = [&](size_t n) { return (byte(n) & 0xc0) == 0x80; };
  const auto first = byte(0);
  const auto second = byte(1);
  if (first < 0x80)
    return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first < 0xe0) // below C2: too long a form; C2 80 to C2 9F: C1
    return first >= 0xc2 && follows(1) && (first > 0xc2 || second >= 0xa0) ? 2
                                                                           : 0;
  if (first < 0xf0) // E0 80: too long a form; ED A0: a surrogate
    return follows(1) && follows(2) && (first != 0xe0 || second >= 0xa0)
            && (first != 0xed || second < 0xa0)
           ? 3
           : 0;
  return first < 0xf5 && follows(1) && follows(2) && follows(3)
          && (first != 0xf0 || second >= 0x90)
          && (first != 0xf4 || second < 0x90)
         ? 4
         : 0;
}

bool is_text(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto size = character_size(text);
    if (size == 0)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

} // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    if (text.front() != '%') {
      result += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto digits = text.substr(1, 2);
    unsigned char byte = 0;
    const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{}
        || end != digits.data() + digits.size())
      return std::nullopt;
    result += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  if (!is_text(result))
    return std::nullopt;
  return result;
}

std::optional<target> split_target(std::string_view text) {
  if (!text.starts_with('/'))
    return std::nullopt;
  const auto mark = text.find('?');
  auto path = percent_decoded(text.substr(0, mark));
  if (!path)
    return std::nullopt;
  target result{std::move(*path), {}};
  if (mark != std::string_view::npos)
    result.query = text.substr(mark + 1);
  return result;
}

} // namespace troupe::admin
