// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/stable_hash.hpp"
#include "core/time.hpp"

#include <chrono>
#include <string_view>

namespace troupe::cluster {

/// What a node says at intervals it says at the same moments, so that all of it
/// travels together: each link costs a node two wakes a second, not five.
inline constexpr milliseconds rhythm{500};

/// @param node Each has moments of its own.
/// @param interval A multiple of `rhythm`.
/// @returns the first such moment after `now`.
inline time_point next_moment(std::string_view node, time_point now,
                              milliseconds interval) {
  const auto first = milliseconds{static_cast<int64_t>(
    stable_hash(node) % static_cast<uint64_t>(rhythm.count()))};
  const auto passed =
    std::chrono::floor<milliseconds>(now.time_since_epoch()) - first;
  auto count = passed / interval;
  if (passed % interval < milliseconds{0})
    --count; // towards the past
  return time_point{first + (count + 1) * interval};
}

} // namespace troupe::cluster
