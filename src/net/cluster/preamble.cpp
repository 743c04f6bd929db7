// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/preamble.hpp"

#include <algorithm>
#include <array>

namespace troupe::net::cluster {

namespace {

/// Of all versions, before the number.
constexpr std::string_view any_version = "TROUPE/";
constexpr std::array<std::string_view, 3> words{"hello ", "welcome ",
                                                "refused "};

bool consume(std::string_view& line, std::string_view start) {
  if (line.substr(0, start.size()) != start)
    return false;
  line.remove_prefix(start.size());
  return true;
}

bool is_visible(char c) noexcept { return c > ' ' && c < 0x7f; }

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_visible);
}

} // namespace

std::string to_line(const preamble& x) {
  std::string result{preamble_version};
  result += ' ';
  result += words[static_cast<size_t>(x.kind)];
  if (x.kind == preamble::word::refused)
    result += printable(x.text);
  else
    result += x.cluster + ' ' + x.node;
  return result + '\n';
}

std::optional<preamble> read_preamble(std::string_view line) {
  if (!consume(line, preamble_version) || !consume(line, " "))
    return std::nullopt;
  preamble result;
  if (consume(line, words[2])) {
    result.kind = preamble::word::refused;
    result.text = printable(line);
    return result;
  }
  if (consume(line, words[1]))
    result.kind = preamble::word::welcome;
  else if (!consume(line, words[0]))
    return std::nullopt;
  const auto space = line.find(' ');
  if (space == std::string_view::npos)
    return std::nullopt;
  result.cluster = line.substr(0, space);
  result.node = line.substr(space + 1);
  if (!is_name(result.cluster) || !is_name(result.node))
    return std::nullopt;
  return result;
}

std::string other_version(std::string_view line) {
  const auto version = line.substr(0, line.find(' '));
  const auto number =
    version.substr(std::min(any_version.size(), version.size()));
  const bool is_number = !number.empty() && number.size() <= 9
                      && std::all_of(number.begin(), number.end(), [](char c) {
                           return c >= '0' && c <= '9';
                         });
  return is_number && version.starts_with(any_version)
          && version != preamble_version
         ? std::string{version}
         : std::string{};
}

std::string printable(std::string_view text, size_t bytes_max) {
  std::string result{text.substr(0, bytes_max)};
  std::replace_if(
    result.begin(), result.end(),
    [](char c) { return c != ' ' && !is_visible(c); }, '?');
  return result;
}

std::string listed(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names)
    result += (result.empty() ? "" : ", ") + printable(name, 64);
  return result.empty() ? "nobody" : result;
}

} // namespace troupe::net::cluster
