// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"

#include <algorithm>
#include <optional>

namespace troupe::actors {

/// Turns a machine's `wake` effects, of which every step has one, into few
/// delayed messages: one that is due soon enough already serves.
class wake_timer {
public:
  struct message {
    milliseconds delay;
    step_due what;
  };

  /// @returns what to send to oneself, if anything.
  std::optional<message> arm(time_point at, time_point now) {
    if (armed_ && *armed_ <= at)
      return std::nullopt;
    armed_ = at;
    // Rounded up and never 0: a step that finds nothing due asks again.
    const auto delay = std::chrono::ceil<milliseconds>(at - now);
    return message{std::max(delay, milliseconds{1}), step_due{++ticket_}};
  }

  /// @returns false for a message that a later one has replaced.
  bool due(const step_due& x) {
    if (x.ticket != ticket_)
      return false;
    armed_.reset();
    return true;
  }

private:
  std::optional<time_point> armed_;
  uint64_t ticket_ = 0;
};

} // namespace troupe::actors
