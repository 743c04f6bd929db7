// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "net/proxy/access_log.hpp"
#include "net/proxy/dialer.hpp"
#include "net/proxy/session.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

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

/// The way of one request or stream to its server: by which plan and route,
/// over which dial, and when. It borrows the timer of its client connection.
class journey {
public:
  enum class stage : uint8_t { queued, connecting, reached };

  explicit journey(worker_services& s) noexcept : services(s), dial(s) {}

  /// Begins, by the route for what matches none.
  void begin(local_ptr<held_plan> by, client_token client, time_point now);

  /// The way goes on by what a dial came to: it waits in time, or is there.
  /// @returns false if no server was found.
  bool follow(dialer::outcome outcome);

  /// An event or a turn while it waits. @returns nothing if it waits on as
  /// before: a try that goes on keeps its deadline, the next server gets its
  /// own.
  std::optional<dialer::outcome> resume();

  /// Lets go of everything.
  void reset() noexcept;

  void arm(milliseconds timeout) {
    auto& event_loop = services.event_loop;
    event_loop.timers().arm(client_token_, event_loop.now() + timeout);
  }

  bool has_reached() const noexcept { return stage_ == stage::reached; }
  /// The phase of a connection that is on this way.
  session_phase phase() const noexcept;

  /// Fills in what a line of the access log says of every journey.
  void describe(access_record& record, reason why) const;

  /// What its frontend counts.
  client_counters& counters() const noexcept {
    return plan->plan->clients->by_worker[services.index];
  }

  worker_services& services;
  local_ptr<held_plan> plan;
  const route_slot* route = nullptr; ///< one of the plan's
  dialer dial;
  journey_times times;

protected:
  client_token client_token_{};

private:
  stage stage_ = stage::connecting;
};

} // namespace troupe::net
