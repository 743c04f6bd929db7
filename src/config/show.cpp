// SPDX-License-Identifier: BSD-3-Clause
#include "config/show.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::config {

namespace {

constexpr size_t shown_max = 60;

bool number_like(std::string_view text) {
  if (text.empty() || text.size() > shown_max)
    return false;
  const auto first = static_cast<unsigned char>(text[0]);
  if (std::isdigit(first) == 0 && first != '-')
    return false;
  return std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '%';
  });
}

} // namespace

std::string cut(std::string_view text) {
  constexpr auto digits = "0123456789abcdef";
  auto size = std::min(text.size(), shown_max);
  if (size < text.size())
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
      --size;
  std::string result;
  for (unsigned char c : text.substr(0, size)) {
    if (c >= 0x20 && c != 0x7F) {
      result += static_cast<char>(c);
    } else {
      result += "\\x";
      result += digits[c >> 4];
      result += digits[c & 15];
    }
  }
  return size < text.size() ? result + "..." : result;
}

std::string show(std::string_view value) {
  if (number_like(value))
    return std::string{value};
  return '"' + cut(value) + '"';
}

} // namespace troupe::config
