// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <deque>

namespace troupe::actors {

/// Rule 36: an actor is restarted at most 5 times in 10 s. Beyond that the
/// fault is not one that a restart mends.
class restart_limit {
public:
  /// Counts one restart. @returns false when it is one too many.
  bool allow(time_point now) {
    while (!times_.empty() && now - times_.front() > window)
      times_.pop_front();
    times_.push_back(now);
    return times_.size() <= restarts_max;
  }

private:
  static constexpr size_t restarts_max = 5;
  static constexpr milliseconds window{10'000};
  std::deque<time_point> times_;
};

} // namespace troupe::actors
