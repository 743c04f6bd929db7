// SPDX-License-Identifier: BSD-3-Clause
#include "core/health/checks.hpp"
#include "core/stable_hash.hpp"

#include <algorithm>
#include <utility>

// Active checks: when a server is probed and what a probe counts for.

namespace troupe::checks {

namespace {

constexpr milliseconds interval_soon{500};
constexpr milliseconds first_probe_within{100};
/// Rule 14: what traffic reports starts a probe at most this often.
constexpr milliseconds extra_probe_pause{250};
/// Rule 16: a loop that did not run for so long proves nothing.
constexpr milliseconds stall_time{2'000};

/// A cooldown must have ended when its message arrives: never rounded down.
milliseconds until(time_point deadline, time_point now) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - now),
                  milliseconds(0));
}

} // namespace

bool machine::may_probe(const server& x) const noexcept {
  return check_.enabled && x.about.admin != admin_state::maint
      && (x.assigned || x.vetoed || x.passive.ejected || x.confirm);
}

void machine::take(const check_due& in) {
  auto* x = find(in.server);
  if (x == nullptr || x->ticket != in.ticket)
    return;
  if (may_probe(*x)) {
    probe_first_address(*x);
    return;
  }
  settle(*x, false);
  tell(*x);
  arm_next(*x);
}

void machine::probe_first_address(server& x) {
  x.ticket = ++tickets_;
  if (x.about.address.empty()) {
    count(x, probe_outcome::failure, "its address does not resolve");
    return;
  }
  x.probing = true;
  x.tried = 0;
  probe_address(x);
}

void machine::probe_address(server& x) {
  x.probe_began = now_;
  out_.push_back(
    probe{x.about.server, x.ticket,
          x.tried == 0 ? x.about.address : x.about.others[x.tried - 1]});
}

void machine::take(const probe_ended& in) {
  auto* x = find(in.server);
  if (x == nullptr || x->ticket != in.ticket)
    return; // its check, address or admin state changed meanwhile
  if (try_next_address(*x, in))
    return;
  x->probing = false;
  // Long over its time: this process did not run, and so did not look.
  const bool overslept = in.outcome != probe_outcome::success
                      && now_ - x->probe_began > check_.timeout + stall_time;
  if (in.local_error || overslept) {
    excuse(*x, overslept ? "this process did not run meanwhile" : in.detail);
    return;
  }
  x->local_trouble = false;
  count(*x, in.outcome, in.detail);
}

void machine::excuse(server& x, const std::string& why) {
  if (!std::exchange(x.local_trouble, true))
    tell_event(x, event_level::warn, "this host cannot probe it: " + why);
  x.last_probe = why;
  x.last_probe_at = now_;
  arm_soon(x);
}

/// @returns true if the probe goes on elsewhere.
bool machine::try_next_address(server& x, const probe_ended& in) {
  if (!x.about.by_name || in.local_error)
    return false;
  if (in.connected || in.outcome == probe_outcome::success) {
    if (x.tried > 0)
      out_.push_back(
        address_found{x.about.server, x.about.others[x.tried - 1]});
    return false;
  }
  if (x.tried < x.about.others.size()) {
    ++x.tried;
    probe_address(x);
    return true;
  }
  out_.push_back(address_found{x.about.server, {}});
  return false;
}

// -- what a probe counts for --------------------------------------------------

void machine::count(server& x, probe_outcome outcome,
                    const std::string& detail) {
  auto success = outcome == probe_outcome::success;
  ++x.probes;
  x.last_probe =
    success || detail.empty() ? std::string{to_string(outcome)} : detail;
  x.last_probe_at = now_;
  x.opinion = true;
  x.proven |= success;
  // Traffic failed several times in a row already: the probe confirms it.
  auto fall = x.vetoed || x.confirm ? 1u : check_.fall;
  x.confirm = false;
  auto before = std::exchange(
    x.active, apply(x.active, outcome, {check_.rise, fall}, now_));
  if (before.status != x.active.status)
    tell_event(x, event_level::info,
               "probes say " + std::string{to_string(x.active.status)}
                 + ", last: " + x.last_probe);
  count_for_veto(x, success);
  count_for_peers(x, success);
  out_.push_back(
    probed{x.about.server, outcome, x.active.status, x.complete, x.last_probe});
  settle(x, success);
  tell(x);
  arm_next(x);
}

void machine::count_for_veto(server& x, bool success) {
  if (!x.vetoed)
    return;
  x.veto_successes = success ? x.veto_successes + 1 : 0;
  if (x.veto_successes < check_.rise)
    return;
  x.vetoed = false;
  tell_event(x, event_level::info,
             std::to_string(x.veto_successes)
               + " probes in a row lift the veto");
}

void machine::count_for_peers(server& x, bool success) {
  x.streak = success == x.streak_of_successes ? x.streak + 1 : 1;
  x.streak_of_successes = success;
  const auto differs = (x.active.status == status::up) != success;
  x.complete |= !differs && x.streak >= (success ? check_.rise : check_.fall);
  // One failure that confirms what traffic saw is complete at once.
  x.complete |= !success && x.active.status == status::down;
}

// -- when ---------------------------------------------------------------------

void machine::take(const probe_now& in) {
  auto* x = find(in.server);
  if (x == nullptr)
    return;
  x->confirm |= in.one_failure_is_enough;
  probe_soon(*x);
}

/// At once, but not sooner than rule 14 allows.
void machine::probe_soon(server& x) {
  if (!may_probe(x) || x.probing)
    return;
  if (x.probes == 0 || now_ >= x.last_probe_at + extra_probe_pause)
    probe_first_address(x);
  else
    arm_in(x, until(x.last_probe_at + extra_probe_pause, now_));
}

void machine::arm_in(server& x, milliseconds delay) {
  x.ticket = ++tickets_;
  out_.push_back(arm{x.about.server, x.ticket, delay});
}

/// The next probe, or the end of the cooldown if that comes first.
void machine::arm_next(server& x) {
  auto cooldown = until(x.passive.until, now_);
  if (!may_probe(x)) {
    if (x.passive.ejected && !check_.enabled)
      arm_in(x, cooldown);
    else
      x.ticket = ++tickets_;
    return;
  }
  auto cooled = x.passive.ejected && cooldown.count() == 0;
  if (x.vetoed || cooled || (clustered_ && x.assigned && !x.complete)) {
    arm_soon(x);
    return;
  }
  auto delay = jittered(probe_interval(x.active, check_), random());
  arm_in(x, x.passive.ejected ? std::min(delay, cooldown) : delay);
}

void machine::arm_soon(server& x) {
  arm_in(x, jittered(std::min(check_.interval, interval_soon), random()));
}

void machine::arm_first(server& x) {
  if (!may_probe(x)) {
    arm_next(x);
    return;
  }
  auto within = std::min(check_.interval, first_probe_within).count();
  arm_in(x, milliseconds((static_cast<uint64_t>(within) * random()) >> 32));
}

uint32_t machine::random() noexcept {
  return static_cast<uint32_t>(avalanche(++random_) >> 32);
}

} // namespace troupe::checks
