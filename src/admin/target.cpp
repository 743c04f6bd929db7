// SPDX-License-Identifier: BSD-3-Clause
#include "admin/target.hpp"

#include <charconv>

namespace troupe::admin {

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
        || end != digits.data() + digits.size() || byte < 0x20 || byte == 0x7f)
      return std::nullopt;
    result += static_cast<char>(byte);
    text.remove_prefix(3);
  }
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
