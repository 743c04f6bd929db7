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

/// Rows under titles, as wide as their contents and no wider than the screen as
/// long as columns that may shrink can give way.
class table {
public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// @pre As many cells as there are columns.
  void add(std::vector<cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const noexcept { return rows_.empty(); }

  /// Lines, each with its end. No spaces at their ends.
  std::string render(const screen& to) const;

private:
  std::vector<size_t> widths(const screen& to) const;

  std::vector<column> columns_;
  std::vector<std::vector<cell>> rows_;
};

/// "name  value" lines; long values go on below, at the words' borders.
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
