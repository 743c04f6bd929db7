// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <string_view>

/// Health of one server as one node sees it: pure transitions, no clock inside.
namespace troupe {

enum class status : uint8_t { up, down };

/// What an operator wants; kept apart from health.
enum class admin_state : uint8_t {
  ready,
  drain, ///< no new work, probes go on
  maint, ///< no new work, no probes
};

enum class probe_outcome : uint8_t { success, failure, timeout };

constexpr std::string_view to_string(status x) noexcept {
  return x == status::up ? "up" : "down";
}

constexpr std::string_view to_string(admin_state x) noexcept {
  return x == admin_state::ready ? "ready"
       : x == admin_state::drain ? "drain"
                                 : "maint";
}

constexpr std::string_view to_string(probe_outcome x) noexcept {
  return x == probe_outcome::success ? "success"
       : x == probe_outcome::failure ? "failure"
                                     : "timeout";
}

/// Active health. A server starts up, with `confirmed` false: until its first
/// success one failure is enough to mark it down.
struct health {
  troupe::status status = status::up;
  bool confirmed = false; ///< a probe has succeeded or it has gone down
  unsigned successes = 0; ///< in a row, while it matters
  unsigned failures = 0;  ///< in a row
  time_point since{};     ///< of the last flip
  bool operator==(const health&) const = default;
};

struct health_limits {
  unsigned rise = 2;
  unsigned fall = 3;
};

/// Applies one probe outcome to one server's health.
///
/// The `fall`-th failure in a row marks it down, the `rise`-th success in a row
/// marks it up; an outcome of the other kind restarts the count. A timeout is a
/// failure. Never fails, never allocates.
/// @param limits Counts of probes; both >= 1.
/// @param now Monotonic time, not before `before.since`.
/// @returns The new health. `since` equals `now` only if the status flipped.
health apply(const health& before, probe_outcome outcome,
             const health_limits& limits, time_point now) noexcept;

/// Time until the next probe, before jitter: 500 ms while a change is under way
/// (failures of an up server, successes of a down one, or nothing known yet),
/// 5 s (or the interval, if longer) while down, else the interval. Never longer
/// than the configured interval if that is shorter than 500 ms.
milliseconds probe_interval(const health& now,
                            const check_settings& check) noexcept;

/// Spreads `base` by ±10 %. @param random uniform in [0, 2^32).
milliseconds jittered(milliseconds base, uint32_t random) noexcept;

/// Passive ejection: what live traffic says of a server (rule 13).
struct ejection {
  bool ejected = false;
  unsigned count = 0; ///< ejections that weigh on the next one, see `eject`
  time_point until{}; ///< end of the cooldown, kept after it
  bool operator==(const ejection&) const = default;
};

/// `passive.failures` failures in a row were seen: ejects for cooldown × number
/// of ejections, at most 300 s. No effect while already ejected.
///
/// The number decays: it falls by one for each whole `cooldown` between the end
/// of the last cooldown and `now`, and it never grows beyond what 300 s take.
ejection eject(const ejection& before, const passive_settings& passive,
               time_point now) noexcept;

/// Rule 12 (4): whether this node's own evidence is against a server.
/// @param probed `own` is what this node's probes found.
constexpr bool rejects(status own, bool probed, bool vetoed) noexcept {
  return vetoed || (probed && own == status::down);
}

/// Lets an ejected server return, if its cooldown has ended and a probe
/// succeeded since or it has no active check. @returns `before` otherwise.
ejection settle(const ejection& before, bool has_active_check,
                bool probe_succeeded, time_point now) noexcept;

} // namespace troupe
