// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/loop/loop.hpp"

#include <chrono>
#include <cstddef>

namespace troupe::net {

/// A loop that a test runs turn by turn on its own thread.
class loop_fixture : private loop_client {
public:
  explicit loop_fixture(uint64_t buffers_max = 64u << 20,
                        descriptor_share share = {})
    : event_loop(buffers_max, share), pulse_(event_loop.timers().add(*this)) {}
  loop_fixture(const loop_fixture&) = delete;
  loop_fixture& operator=(const loop_fixture&) = delete;
  virtual ~loop_fixture() { event_loop.timers().remove(pulse_); }

  /// Takes turns until `condition` holds.
  /// @returns false when it does not within twenty seconds.
  template <class F>
  bool run_until(F&& condition) {
    const auto deadline = clock::now() + std::chrono::seconds{20};
    bool held = false;
    event_loop.run([&] {
      const bool moved = attend();
      held = condition();
      if (held || clock::now() > deadline)
        return loop::work_state::done;
      if (moved)
        return loop::work_state::more;
      // What happens outside of the loop must be looked at, too.
      event_loop.timers().arm(pulse_, event_loop.now() + timer_wheel::tick);
      return loop::work_state::idle;
    });
    return held;
  }

  /// Takes `count` turns without waiting for anything.
  void turn(int count = 1) {
    event_loop.run([&] {
      attend();
      return --count > 0 ? loop::work_state::more : loop::work_state::done;
    });
  }

  loop event_loop;

protected:
  /// The part of the world around the loop, once a turn.
  /// @returns whether anything moved there.
  virtual bool attend() { return false; }

private:
  void on_timer() override {}
  void on_ready() override {}

  client_token pulse_;
};

} // namespace troupe::net
