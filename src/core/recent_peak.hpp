// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace troupe {

/// The highest of some counts that were noted lately: within the last ten
/// seconds for certain, within the last fifteen at most (rule 142).
class recent_peak {
public:
  static constexpr milliseconds step{5'000};

  /// @param now Never before that of an earlier call.
  void note(uint32_t count, time_point now) noexcept {
    roll(now);
    steps_[0] = std::max(steps_[0], count);
  }

  uint32_t value(time_point now) noexcept {
    roll(now);
    return std::max({steps_[0], steps_[1], steps_[2]});
  }

private:
  void roll(time_point now) noexcept {
    for (size_t n = 0; n < steps_.size() && now >= step_end_; ++n) {
      steps_ = {0, steps_[0], steps_[1]};
      step_end_ += step;
    }
    if (now >= step_end_) // all of them are long over
      step_end_ = now + step;
  }

  std::array<uint32_t, 3> steps_{}; ///< newest first
  time_point step_end_{};
};

} // namespace troupe
