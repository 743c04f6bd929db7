// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace troupe::ctl {

namespace {

constexpr size_t gap = 2;
constexpr size_t shrunk_min = 8;

std::string spaces(size_t count) { return std::string(count, ' '); }

void end_line(std::string& text) {
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
}

/// Takes the words that fit into `columns` off the front; at least one.
std::string take_line(std::string& text, size_t columns) {
  auto end = text.size();
  while (end != std::string::npos && end > 0
         && width_of(std::string_view{text}.substr(0, end)) > columns)
    end = text.rfind(' ', end - 1);
  if (end == std::string::npos || end == 0)
    end = std::min(text.find(' '), text.size());
  auto line = text.substr(0, end);
  text.erase(0, std::min(end + 1, text.size()));
  return line;
}

} // namespace

std::vector<size_t> table::widths(const screen& to) const {
  std::vector<size_t> result;
  for (const auto& x : columns_)
    result.push_back(width_of(x.title));
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i)
      result[i] = std::max(result[i], width_of(row[i].text));
  auto total =
    std::accumulate(result.begin(), result.end(), gap * (result.size() - 1));
  while (total > to.columns) {
    size_t widest = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i)
      if (columns_[i].shrinks && result[i] > shrunk_min
          && (widest == columns_.size() || result[i] > result[widest]))
        widest = i;
    if (widest == columns_.size())
      break;
    --result[widest];
    --total;
  }
  return result;
}

cells table::line_of(const cells& row, const std::vector<size_t>& wide) const {
  cells result;
  for (size_t i = 0; i < row.size(); ++i) {
    auto shown = shortened(row[i].text, wide[i]);
    auto before = i == 0 ? 0 : gap;
    auto after = wide[i] - width_of(shown);
    if (columns_[i].right)
      before += std::exchange(after, 0);
    result.push_back(spaces(before));
    result.emplace_back(std::move(shown), row[i].shade);
    result.push_back(spaces(after));
  }
  return result;
}

std::vector<cells> table::lines(const screen& to) const {
  const auto wide = widths(to);
  cells titles;
  for (const auto& x : columns_)
    titles.emplace_back(x.title, tone::title);
  std::vector<cells> result{line_of(titles, wide)};
  for (const auto& row : rows_)
    result.push_back(line_of(row, wide));
  return result;
}

std::string table::render(const screen& to) const {
  std::string result;
  for (const auto& line : lines(to))
    result += painted(line, to);
  return result;
}

std::string painted(const cells& line, const screen& to) {
  std::string result;
  for (const auto& x : line)
    result += painted(x.text, x.shade, to);
  end_line(result);
  return result;
}

void facts::add(std::string name, cell value) {
  facts_.push_back({std::move(name), std::move(value)});
}

std::string facts::render(const screen& to) const {
  size_t names = 0;
  for (const auto& x : facts_)
    names = std::max(names, width_of(x.name));
  const auto left = names + gap;
  const auto room = to.columns > left + shrunk_min ? to.columns - left : 80;
  std::string result;
  for (const auto& x : facts_) {
    result += x.name + spaces(left - width_of(x.name));
    for (auto rest = x.value.text; !rest.empty();) {
      result += painted(take_line(rest, room), x.value.shade, to);
      if (!rest.empty())
        result += '\n' + spaces(left);
    }
    end_line(result);
  }
  return result;
}

} // namespace troupe::ctl
