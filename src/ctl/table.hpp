// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/screen.hpp"

#include <string>
#include <vector>

namespace troupe::ctl {

struct cell {
  cell(std::string x, tone y = tone::plain) : text(std::move(x)), shade(y) {}
  cell(const char* x) : text(x) {}
  std::string text;
  tone shade = tone::plain;
};

struct column {
  std::string title;
  bool right = false;   ///< for numbers
  bool shrinks = false; ///< may be shortened where the screen is too narrow
};

/// Pieces of text that stand side by side.
using cells = std::vector<cell>;

/// Rows under titles, as wide as their contents and no wider than the screen as
/// long as columns that may shrink can give way.
class table {
public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// @pre As many cells as there are columns.
  void add(cells row) { rows_.push_back(std::move(row)); }
  bool empty() const noexcept { return rows_.empty(); }

  /// The titles and the rows, with the spaces between their cells.
  std::vector<cells> lines(const screen& to) const;

  /// Lines, each with its end. No spaces at their ends.
  std::string render(const screen& to) const;

private:
  cells line_of(const cells& row, const std::vector<size_t>& wide) const;
  std::vector<size_t> widths(const screen& to) const;

  std::vector<column> columns_;
  std::vector<cells> rows_;
};

/// The pieces as one line with its end, coloured if `to` is; no spaces at its
/// end.
std::string painted(const cells& line, const screen& to);

/// "name  value" lines; long values continue below, at the words' borders.
class facts {
public:
  void add(std::string name, cell value);
  std::string render(const screen& to) const;

private:
  struct fact {
    std::string name;
    cell value;
  };
  std::vector<fact> facts_;
};

} // namespace troupe::ctl
