// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace troupe::cluster {

/// Turns a machine's `wake` effects into few alarms of its driver: one that
/// rings soon enough already serves, and the step it causes asks again. This
/// needs a `wake` from *every* step; a machine that left one out because it
/// had asked for that time before would never be called again.
class wake_timer {
public:
  /// To be set by the driver; it cannot be cancelled, only outdated.
  struct alarm {
    milliseconds delay;
    uint64_t ticket;
  };

  /// @returns the alarm to set, if one is needed.
  std::optional<alarm> arm(time_point at, time_point now) {
    if (armed_ && *armed_ <= at)
      return std::nullopt;
    armed_ = at;
    // Rounded up and never 0: a step that finds nothing due asks again.
    const auto delay = std::chrono::ceil<milliseconds>(at - now);
    return alarm{std::max(delay, milliseconds{1}), ++ticket_};
  }

  /// An alarm rings. @returns false for one that a later one has replaced.
  bool due(uint64_t ticket) {
    if (ticket != ticket_)
      return false;
    armed_.reset();
    return true;
  }

private:
  std::optional<time_point> armed_;
  uint64_t ticket_ = 0;
};

} // namespace troupe::cluster
