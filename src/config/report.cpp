// SPDX-License-Identifier: BSD-3-Clause
#include "config/report.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::config {

std::string problem::to_string() const {
  auto result = file;
  if (line > 0)
    result += ":" + std::to_string(line) + ":" + std::to_string(column);
  if (!path.empty())
    result += ": " + path;
  return result + ": " + text;
}

void report::add_problem(position at, std::string path, std::string text) {
  add(problems_, at, std::move(path), std::move(text));
}

void report::add_warning(position at, std::string path, std::string text) {
  add(warnings_, at, std::move(path), std::move(text));
}

void report::add(collection& to, position at, std::string path,
                 std::string text) {
  if (to.kept.size() == kept_max) {
    ++to.dropped;
    return;
  }
  to.kept.push_back(
    {file_, at.line, at.column, std::move(path), std::move(text)});
}

std::vector<problem> report::take(collection& from) {
  auto result = std::move(from.kept);
  std::ranges::stable_sort(result, [](const problem& a, const problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  if (from.dropped > 0)
    result.push_back(
      {file_, 0, 0, "",
       std::to_string(from.dropped) + " more like these are not shown"});
  from = {};
  return result;
}

} // namespace troupe::config
