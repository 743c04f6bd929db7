// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/counter.hpp"
#include "core/time.hpp"

#include <boost/asio/steady_timer.hpp>

namespace troupe::net {

/// Measures how long an io_context that others drive kept its timers waiting:
/// a timer every 250 ms, and how late it came. Stalls that fall between two of
/// them go unseen; one of a second or more never does (rule 20).
class stall_watch {
public:
  explicit stall_watch(boost::asio::io_context& loop);
  void stop();

  /// The longest of the last second or so, in microseconds. Any thread.
  const counter& stall_us() const noexcept { return stall_us_; }

  /// How long ago the timer came last, or was set for the first time. Any
  /// thread.
  milliseconds silence() const noexcept;

private:
  void arm();

  boost::asio::steady_timer timer_;
  time_point due_;
  uint64_t longest_us_ = 0;
  unsigned ticks_ = 0;
  counter stall_us_;
  counter armed_ms_; ///< since the epoch of `clock`
};

} // namespace troupe::net
