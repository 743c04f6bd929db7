// SPDX-License-Identifier: BSD-3-Clause
#include "core/health.hpp"

#include <algorithm>
#include <cassert>

namespace troupe {

namespace {

constexpr milliseconds interval_changing{500};
constexpr milliseconds interval_down{5'000};
constexpr milliseconds cooldown_max{300'000};

health flipped(status to, time_point now) noexcept {
  return {.status = to, .confirmed = true, .since = now};
}

health succeeded(const health& before, const health_limits& limits,
                 time_point now) noexcept {
  auto result = before;
  result.failures = 0;
  if (before.status == status::up) {
    result.confirmed = true;
    result.successes = 0;
    return result;
  }
  if (++result.successes >= limits.rise)
    return flipped(status::up, now);
  return result;
}

health failed(const health& before, const health_limits& limits,
              time_point now) noexcept {
  auto result = before;
  result.successes = 0;
  if (before.status == status::down)
    return result;
  if (!before.confirmed || ++result.failures >= limits.fall)
    return flipped(status::down, now);
  return result;
}

} // namespace

health apply(const health& before, probe_outcome outcome,
             const health_limits& limits, time_point now) noexcept {
  assert(limits.rise >= 1 && limits.fall >= 1);
  return outcome == probe_outcome::success ? succeeded(before, limits, now)
                                           : failed(before, limits, now);
}

milliseconds probe_interval(const health& now,
                            const check_settings& check) noexcept {
  if (check.interval <= interval_changing)
    return check.interval;
  auto down = now.status == status::down;
  auto changing = !now.confirmed || (down ? now.successes : now.failures) > 0;
  if (changing)
    return interval_changing;
  return down ? std::max(check.interval, interval_down) : check.interval;
}

milliseconds jittered(milliseconds base, uint32_t random) noexcept {
  auto tenth = static_cast<uint64_t>(base.count()) / 10;
  auto spread = 2 * tenth + 1; // both ends can be hit
  auto offset = (spread * random) >> 32;
  return base - milliseconds(tenth) + milliseconds(offset);
}

ejection eject(const ejection& before, const passive_settings& passive,
               time_point now) noexcept {
  if (before.ejected)
    return before;
  auto cooldown = std::max(passive.cooldown, milliseconds(1));
  int64_t forgiven = before.count > 0 && now > before.until
                     ? (now - before.until) / cooldown
                     : 0;
  auto left = std::max<int64_t>(int64_t{before.count} - forgiven, 0);
  // Counting on beyond the longest cooldown would only delay forgiveness.
  auto count_max = std::max<int64_t>(
    (cooldown_max.count() + cooldown.count() - 1) / cooldown.count(), 1);
  auto count = std::min(left + 1, count_max);
  auto wait = std::min(passive.cooldown * count, cooldown_max);
  return {true, static_cast<unsigned>(count), now + wait};
}

ejection settle(const ejection& before, bool has_active_check,
                bool probe_succeeded, time_point now) noexcept {
  if (!before.ejected || now < before.until)
    return before;
  if (has_active_check && !probe_succeeded)
    return before;
  auto result = before;
  result.ejected = false;
  return result;
}

} // namespace troupe
