// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "random.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sim {

using troupe::time_point;
using duration = troupe::clock::duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Simulated time: what is to happen, in order. Events of one instant happen in
/// the order they were asked for.
class world {
public:
  using action = std::function<void()>;

  /// @param traced Print what happens as it happens.
  world(uint64_t seed, bool traced) : chance(seed), traced_(traced) {}

  time_point now() const noexcept { return now_; }

  /// Since the start of the run.
  duration elapsed() const noexcept { return now_ - time_point{}; }

  void after(duration delay, action what);
  void at(time_point when, action what);

  /// Lets happen what is due up to then, `when` included.
  void run_until(time_point when);

  /// Between the two, any microsecond as likely as another.
  duration any(duration low, duration high);

  bool traced() const noexcept { return traced_; }

  /// Prints a line; ask `traced()` first where composing it costs.
  void trace(const std::string& who, const std::string& what) const;

  random chance;

private:
  struct event {
    time_point when;
    uint64_t order;
    action what;
  };

  static bool later(const event& a, const event& b) noexcept;

  std::vector<event> events_; // a heap, the next one in front
  uint64_t order_ = 0;
  time_point now_{};
  bool traced_;
};

} // namespace sim
