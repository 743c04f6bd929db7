// SPDX-License-Identifier: BSD-3-Clause
#include "config/report.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::config {

std::vector<std::string> to_lines(const std::vector<problem>& problems) {
  std::vector<std::string> result;
  result.reserve(problems.size());
  for (const auto& x : problems)
    result.push_back(x.to_string());
  return result;
}

std::string problem::to_string() const {
  auto result = file;
  if (line > 0)
    result += ":" + std::to_string(line) + ":" + std::to_string(column);
  if (!path.empty())
    result += ": " + path;
  return result + ": " + text;
}

problem loaded::at(const std::string& path, std::string text) const {
  const auto found = std::find_if(
    files.begin(), files.end(), [&](const auto& x) { return x.path == path; });
  if (found == files.end())
    return {{}, 0, 0, path, std::move(text)};
  return {found->file, found->line, found->column, path, std::move(text)};
}

unsigned report::add_source(std::string file) {
  files_.push_back(std::move(file));
  return static_cast<unsigned>(files_.size()) - 1;
}

void report::add_file(position at, std::string path) {
  places_.push_back({std::move(path), files_[at.source], at.line, at.column});
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
  to.kept.push_back({at.source,
                     {files_[at.source], at.line, at.column, std::move(path),
                      std::move(text)}});
}

std::vector<problem> report::take(collection& from) {
  std::ranges::stable_sort(from.kept, [](const entry& a, const entry& b) {
    return std::tie(a.source, a.what.line, a.what.column)
         < std::tie(b.source, b.what.line, b.what.column);
  });
  std::vector<problem> result;
  result.reserve(from.kept.size());
  for (auto& one : from.kept)
    result.push_back(std::move(one.what));
  if (from.dropped > 0)
    result.push_back(
      {files_[0], 0, 0, "",
       std::to_string(from.dropped) + " more like these are not shown"});
  from = {};
  return result;
}

} // namespace troupe::config
