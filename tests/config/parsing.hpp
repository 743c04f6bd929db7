// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace parsing {

/// A file of tests/data/config.
inline std::string data_file(const std::string& name) {
  const auto tests =
    std::filesystem::path{__FILE__}.parent_path().parent_path();
  return (tests / "data" / "config" / name).string();
}

inline std::string contents(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Parses as file "f" on node "lb1" with two variables.
inline troupe::config::loaded parse(std::string_view text) {
  static const std::map<std::string, std::string, std::less<>> variables = {
    {"PORT", "8080"}, {"EMPTY", ""}, {"EVIL", "x\nfrontends: []"}};
  return troupe::config::parse(
    text, "f", "lb1", [](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end())
        return std::nullopt;
      return found->second;
    });
}

inline std::string lines(const std::vector<troupe::config::problem>& problems) {
  std::string result;
  for (const auto& one : problems)
    result += one.to_string() + "\n";
  return result;
}

/// All problems of a text, one a line.
inline std::string problems_of(std::string_view text) {
  return lines(parse(text).problems);
}

inline std::string warnings_of(std::string_view text) {
  return lines(parse(text).warnings);
}

} // namespace parsing
