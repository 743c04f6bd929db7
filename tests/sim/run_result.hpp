// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace sim {

/// What came of one run.
struct run_result {
  std::string failure; ///< empty: nothing went wrong
  size_t messages = 0;
  /// What else happened, by its name: a run in which nothing does proves
  /// nothing.
  std::map<std::string_view, size_t> counts;
};

} // namespace sim
