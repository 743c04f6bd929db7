// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::config {

/// A place in a text, from 1; line 0 means the text as a whole.
struct position {
  unsigned line = 0;
  unsigned column = 0;
  unsigned source = 0; ///< which text, see report::add_source()
};

/// Collects what is wrong with one text or several that are read as one, in any
/// order, and hands it out in the order of the texts. Keeps the first
/// `kept_max` of each kind and counts the rest, so that no file can make it
/// grow without bound.
class report {
public:
  static constexpr size_t kept_max = 1000;

  /// @param file Name of source 0.
  explicit report(std::string file) { add_source(std::move(file)); }

  /// Names one more text. @returns its number for `position::source`.
  unsigned add_source(std::string file);

  void add_problem(position at, std::string path, std::string text);
  void add_warning(position at, std::string path, std::string text);

  /// Remembers where a value stands that names a file.
  void add_file(position at, std::string path);

  bool has_problems() const noexcept { return !problems_.kept.empty(); }

  std::vector<problem> take_problems() { return take(problems_); }
  std::vector<problem> take_warnings() { return take(warnings_); }
  std::vector<file_place> take_files() { return std::move(places_); }

private:
  struct entry {
    unsigned source;
    problem what;
  };

  struct collection {
    std::vector<entry> kept;
    size_t dropped = 0;
  };

  void add(collection& to, position at, std::string path, std::string text);
  std::vector<problem> take(collection& from);

  std::vector<std::string> files_; ///< by source
  collection problems_;
  collection warnings_;
  std::vector<file_place> places_;
};

} // namespace troupe::config
