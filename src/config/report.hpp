// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"

#include <string>
#include <vector>

namespace troupe::config {

/// A place in the text, from 1; line 0 means the file as a whole.
struct position {
  unsigned line = 0;
  unsigned column = 0;
};

/// Collects what is wrong with one text, in any order, and hands it out in the
/// order of the file. Keeps the first `kept_max` of each kind and counts the
/// rest, so that no file can make it grow without bound.
class report {
public:
  static constexpr size_t kept_max = 1000;

  explicit report(std::string file) : file_(std::move(file)) {}

  void add_problem(position at, std::string path, std::string text);
  void add_warning(position at, std::string path, std::string text);

  bool has_problems() const noexcept { return !problems_.kept.empty(); }

  std::vector<problem> take_problems() { return take(problems_); }
  std::vector<problem> take_warnings() { return take(warnings_); }

private:
  struct collection {
    std::vector<problem> kept;
    size_t dropped = 0;
  };

  void add(collection& to, position at, std::string path, std::string text);
  std::vector<problem> take(collection& from);

  std::string file_;
  collection problems_;
  collection warnings_;
};

} // namespace troupe::config
