// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <chrono>
#include <cstdint>

namespace troupe::net {

/// When things happened to one request or stream.
struct journey_times {
  time_point started{};
  time_point connected{};  ///< unset until a server was reached
  time_point first_byte{}; ///< unset until a server answered

  /// Microseconds from the start, or -1 for what never happened.
  int64_t since_start(time_point t) const noexcept {
    if (t == time_point{})
      return -1;
    using std::chrono::microseconds;
    return std::chrono::duration_cast<microseconds>(t - started).count();
  }
};

} // namespace troupe::net
