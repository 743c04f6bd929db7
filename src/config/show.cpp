// SPDX-License-Identifier: BSD-3-Clause
#include "config/show.hpp"

#include "core/one_line.hpp"

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

std::string cut(std::string_view text) { return one_line(text, shown_max); }

std::string show(std::string_view value) {
  if (number_like(value))
    return std::string{value};
  return '"' + cut(value) + '"';
}

} // namespace troupe::config
