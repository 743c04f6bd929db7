// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/document.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Where the parts of a YAML text stand, in whole lines. A guess that is right
/// for what people write: code that cuts along it reads the result again and
/// compares trees.
namespace troupe::config {

/// From 0, `end` excluded.
struct line_range {
  size_t begin = 0;
  size_t end = 0;
};

/// Lines of a text, each with its line feed.
std::vector<std::string_view> split_lines(std::string_view text);

/// The bytes that the parser skips at the beginning, and that would hide the
/// first line's indentation.
std::string_view without_mark(std::string_view text);

bool is_blank(std::string_view line);

/// The lines of each entry of a map, parallel to `map.entries`: from its key to
/// its last line that is not blank. Comments after it stay outside unless they
/// are indented deeper than the key; they belong to what follows.
/// @param end Line after the last one of the map.
/// @returns nothing if an entry does not begin a line, as in flow style.
std::optional<std::vector<line_range>>
entry_lines(const node& map, std::span<const std::string_view> lines,
            size_t end);

/// The lines with `\n` as their end, shifted by `to - from` columns. Blank
/// lines are not shifted, and no line further left than the margin.
std::string moved(std::span<const std::string_view> lines, size_t from,
                  size_t to);

/// `text` with every line end replaced, `\n` or `\r\n`.
std::string with_line_ends(std::string_view text, std::string_view line_end);

} // namespace troupe::config
