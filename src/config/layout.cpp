// SPDX-License-Identifier: BSD-3-Clause
#include "config/layout.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n'))
    line.remove_suffix(1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

/// Whether a line after an entry whose key stands in `column` is not part of
/// that entry.
bool is_outside(std::string_view line, size_t column) {
  if (is_blank(line) || line.starts_with("..."))
    return true;
  const auto at = indentation(line);
  return at <= column && line[at] == '#';
}

/// @returns nothing if the key is not what its line begins with, in `column`.
std::optional<size_t> line_of(const node& key,
                              std::span<const std::string_view> lines,
                              size_t column) {
  const size_t line = key.at.line - 1;
  if (key.kind != node_kind::scalar || line >= lines.size()
      || key.at.column != column + 1 || indentation(lines[line]) != column)
    return std::nullopt;
  return line;
}

} // namespace

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    result.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return result;
}

std::optional<std::vector<line_range>>
entry_lines(const node& map, std::span<const std::string_view> lines,
            size_t end) {
  std::vector<line_range> result;
  if (map.entries.empty())
    return result;
  const size_t column = map.entries[0].first->at.column - 1;
  for (const auto& [key, value] : map.entries) {
    const auto line = line_of(*key, lines, column);
    if (!line || *line >= end
        || (!result.empty() && *line <= result.back().begin))
      return std::nullopt;
    if (!result.empty())
      result.back().end = *line;
    result.push_back({*line, end});
  }
  for (auto& range : result)
    while (range.end > range.begin + 1
           && is_outside(lines[range.end - 1], column))
      --range.end;
  return result;
}

std::string moved(std::span<const std::string_view> lines, size_t from,
                  size_t to) {
  std::string result;
  for (auto line : lines) {
    line = without_line_end(line);
    if (!is_blank(line)) {
      if (to >= from)
        result.append(to - from, ' ');
      else
        line.remove_prefix(std::min(indentation(line), from - to));
    }
    result.append(line).append("\n");
  }
  return result;
}

std::string with_line_ends(std::string_view text, std::string_view line_end) {
  std::string result;
  for (auto line : split_lines(text)) {
    result += without_line_end(line);
    if (line.ends_with('\n'))
      result += line_end;
  }
  return result;
}

} // namespace troupe::config
