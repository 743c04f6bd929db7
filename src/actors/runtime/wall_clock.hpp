// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>

namespace troupe::actors {

/// Milliseconds since 1970 of the wall clock, which may jump: for people to
/// read, never to decide by.
inline uint64_t wall_clock_ms() noexcept {
  using namespace std::chrono;
  return static_cast<uint64_t>(
    duration_cast<milliseconds>(system_clock::now().time_since_epoch())
      .count());
}

} // namespace troupe::actors
