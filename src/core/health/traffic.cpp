// SPDX-License-Identifier: BSD-3-Clause
#include "core/health/checks.hpp"
#include "core/live.hpp"

#include <algorithm>
#include <utility>

// What live traffic says: vetoes and ejections (rules 13, 14).

namespace troupe::checks {

void machine::take(const passive_report& in) {
  auto* x = find(in.server);
  if (x == nullptr)
    return; // removed while the report was under way
  if (in.kind == failure_kind::connect && check_.enabled)
    veto(*x, in.failures);
  else
    eject(*x, in.failures);
}

void machine::veto(server& x, unsigned failures) {
  x.veto_successes = 0;
  if (std::exchange(x.vetoed, true))
    return;
  tell_event(x, event_level::warn,
             std::to_string(failures) + " connects in a row failed");
  tell(x);
  out_.push_back(traffic_fails{x.about.server, failures});
  probe_soon(x);
}

/// A peer tells it once, when it begins to avoid the server: it holds as long
/// as an observation would.
void machine::take(const suspected& in) {
  auto* x = find(in.server);
  if (x == nullptr || !check_.enabled)
    return;
  out_.push_back(
    suspect_until{in.server, now_ + 3 * check_.interval + check_.timeout});
  if (in.failed_connects
      >= std::min(check_.passive.failures, connect_streak::enough_if_suspected))
    veto(*x, in.failed_connects);
}

void machine::eject(server& x, unsigned failures) {
  if (x.passive.ejected)
    return;
  if (last_standing(x)) {
    out_.push_back(event{{},
                         x.about.server,
                         "not ejected after " + std::to_string(failures)
                           + " failures: it is the last one standing"});
    return;
  }
  x.passive = troupe::eject(x.passive, check_.passive, now_);
  const auto cooldown =
    std::chrono::ceil<milliseconds>(x.passive.until - now_).count();
  tell_event(x, event_level::warn,
             "ejected for " + std::to_string(cooldown)
               + " ms: " + std::to_string(failures) + " failures in a row");
  tell(x);
  if (!x.probing)
    arm_next(x);
}

bool machine::last_standing(const server& x) const noexcept {
  const auto stands = [](const server& other) {
    return other.about.admin == admin_state::ready
        && !other.about.address.empty() && other.active.status == status::up
        && !other.vetoed && !other.passive.ejected;
  };
  return std::ranges::none_of(servers_, [&](const server& other) {
    return &other != &x && stands(other);
  });
}

void machine::settle(server& x, bool probe_succeeded) {
  auto before =
    std::exchange(x.passive, troupe::settle(x.passive, check_.enabled,
                                            probe_succeeded, now_));
  if (before.ejected && !x.passive.ejected)
    tell_event(x, event_level::info, "its ejection ends");
}

} // namespace troupe::checks
