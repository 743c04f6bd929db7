// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/health_checker.hpp"

#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "core/stable_hash.hpp"

#include <caf/actor_clock.hpp>

#include <algorithm>
#include <utility>

namespace troupe::actors {

namespace {

constexpr milliseconds interval_soon{500};
constexpr milliseconds first_probe_within{100};
/// Rule 14: what traffic reports starts a probe at most this often.
constexpr milliseconds extra_probe_pause{250};
/// Rule 16: a loop that did not run for so long proves nothing.
constexpr milliseconds stall_time{2'000};

/// Whether probes of the two can be told apart. What traffic says (`passive`)
/// is no part of a probe.
bool same_check(check_settings a, const check_settings& b) {
  a.passive = b.passive;
  return a == b;
}

/// A cooldown must have ended when its message arrives: never rounded down.
milliseconds until(time_point deadline, time_point now) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - now),
                  milliseconds(0));
}

} // namespace

health_checker::health_checker(caf::actor_config& cfg, std::string backend,
                               net::prober& prober, uint64_t seed,
                               std::function<observations_actor()> observations)
  : hosted(cfg), backend_(std::move(backend)), prober_(prober), random_(seed),
    observations_(std::move(observations)) {}

health_checker::behavior_type health_checker::make_behavior() {
  return {
    [this](const check_targets& x) { retarget(x); },
    [this](const passive_report& x) { take_report(x); },
    [this](const probe_role& x) { take_role(x); },
    [this](const probe_now& x) { take_hint(x); },
    [this](const peer_suspects& x) { take_suspicion(x); },
    [this](const describe_health&) { return describe(); },
    [this](const check_due& x) { due(x); },
  };
}

void health_checker::on_exit() {
  router_ = nullptr; // it may hold a handle of this actor too
  targets_.clear();
  by_name_.clear();
}

// -- targets ------------------------------------------------------------------

void health_checker::retarget(const check_targets& message) {
  auto sender = caf::actor_cast<router_actor>(current_sender());
  auto new_router = std::exchange(router_, sender) != sender;
  std::vector<target> next;
  next.reserve(message.targets.size());
  for (const auto& x : message.targets)
    next.push_back(take_over(x, message.settings->health_check));
  targets_ = std::move(next);
  by_name_.assign(targets_, [](const target& x) -> const std::string& {
    return x.about.server;
  });
  settings_ = message.settings;
  for (auto& x : targets_) {
    if (new_router)
      x.told.reset();
    tell(x);
    if (x.ticket == 0)
      arm_first(x);
  }
  if (observations_)
    send(observations_(), observe_backend{settings_});
}

/// A ticket of 0 in the result asks for a fresh start of its timer.
health_checker::target
health_checker::take_over(const check_target& next,
                          const check_settings& next_check) {
  auto* known = find(next.server);
  if (known == nullptr) {
    target fresh;
    fresh.about = next;
    fresh.opinion = !next_check.enabled;
    fresh.assigned = !observations_;
    return fresh;
  }
  auto before = std::exchange(known->about, next);
  // Another address of the same name is the same server.
  const auto known_address =
    before.address == next.address
    || std::ranges::find(before.others, next.address) != before.others.end();
  auto readdressed = !known_address;
  if (before.address.empty() && readdressed) {
    // Its failures so far were those of its name.
    known->active = {};
    known->opinion = false;
  }
  auto paused = before.admin == admin_state::maint;
  if (readdressed || !same_check(check(), next_check)
      || paused != (next.admin == admin_state::maint))
    restart(*known, readdressed, next_check);
  return *known;
}

void health_checker::restart(target& x, bool readdressed,
                             const check_settings& next_check) {
  x.probing = false;
  x.ticket = 0;
  x.active.successes = x.active.failures = x.veto_successes = 0;
  x.streak = 0;
  x.complete = false;
  if (readdressed) {
    x.vetoed = false;
    x.passive = {};
    if (x.active.status == status::up)
      x.active.confirmed = false;
  }
  if (!next_check.enabled) {
    x.active = {};
    x.vetoed = false; // nothing could lift it
    x.opinion = true;
  }
}

/// Every probe asks twice: with thousands of servers that is no place for a
/// walk over all of them.
health_checker::target* health_checker::find(std::string_view server) {
  const auto found = by_name_.find(server);
  return found ? &targets_[*found] : nullptr;
}

// -- active -------------------------------------------------------------------

bool health_checker::may_probe(const target& x) const noexcept {
  return check().enabled && x.about.admin != admin_state::maint
      && (x.assigned || x.vetoed || x.passive.ejected || x.confirm);
}

void health_checker::due(const check_due& message) {
  auto* x = find(message.server);
  if (x == nullptr || x->ticket != message.ticket)
    return;
  if (may_probe(*x)) {
    probe(*x);
    return;
  }
  settle(*x, false);
  tell(*x);
  arm_next(*x);
}

void health_checker::probe(target& x) {
  x.ticket = ++tickets_;
  if (x.about.address.empty()) {
    count(x, {.detail = "its address does not resolve"});
    return;
  }
  x.probing = true;
  x.tried = 0;
  probe_address(x);
}

void health_checker::probe_address(target& x) {
  x.probe_began = now();
  const auto& address =
    x.tried == 0 ? x.about.address : x.about.others[x.tried - 1];
  prober_.start(address, check(),
                [this, self = caf::strong_actor_ptr{ctrl()},
                 server = x.about.server,
                 ticket = x.ticket](const net::probe_result& result) {
                  in_actor([&] { probe_ended(server, ticket, result); });
                });
}

void health_checker::probe_ended(const std::string& server, uint64_t ticket,
                                 const net::probe_result& result) {
  auto* x = find(server);
  if (x == nullptr || x->ticket != ticket)
    return; // its check, address or admin state changed meanwhile
  if (try_next_address(*x, result))
    return;
  x->probing = false;
  // Long over its time: this process did not run, and so did not look.
  const bool overslept = result.outcome != probe_outcome::success
                      && now() - x->probe_began > check().timeout + stall_time;
  if (!result.local_error && !overslept) {
    x->local_trouble = false;
    count(*x, result);
    return;
  }
  const std::string why =
    overslept ? "this process did not run meanwhile" : result.detail;
  if (!std::exchange(x->local_trouble, true))
    journal::warn(event_kind::server, journal::server_subject(backend_, server),
                  "backend {}: server {}: this host cannot probe it: {}",
                  backend_, server, why);
  x->last_probe = why;
  x->last_probe_at = now();
  arm_soon(*x);
}

/// @returns true if the probe goes on elsewhere.
bool health_checker::try_next_address(target& x,
                                      const net::probe_result& result) {
  if (!x.about.by_name || result.local_error)
    return false;
  if (result.connected || result.outcome == probe_outcome::success) {
    if (x.tried > 0)
      send(router_, address_found{x.about.server, x.about.others[x.tried - 1]});
    return false;
  }
  if (x.tried < x.about.others.size()) {
    ++x.tried;
    probe_address(x);
    return true;
  }
  send(router_, address_found{x.about.server, {}});
  return false;
}

void health_checker::count(target& x, const net::probe_result& result) {
  auto success = result.outcome == probe_outcome::success;
  x.about.live->checks.results[static_cast<size_t>(result.outcome)].add();
  ++x.probes;
  x.last_probe = success || result.detail.empty()
                 ? std::string{to_string(result.outcome)}
                 : result.detail;
  x.last_probe_at = now();
  x.opinion = true;
  x.proven |= success;
  // Traffic failed several times in a row already: the probe confirms it.
  auto fall = x.vetoed || x.confirm ? 1u : check().fall;
  x.confirm = false;
  auto before = std::exchange(
    x.active, apply(x.active, result.outcome, {check().rise, fall}, now()));
  if (before.status != x.active.status)
    journal::info(event_kind::server,
                  journal::server_subject(backend_, x.about.server),
                  "backend {}: server {}: probes say {}, last: {}", backend_,
                  x.about.server, to_string(x.active.status), x.last_probe);
  count_for_veto(x, success);
  count_for_peers(x, success);
  settle(x, success);
  tell(x);
  arm_next(x);
}

void health_checker::count_for_peers(target& x, bool success) {
  if (!observations_)
    return;
  x.streak = success == x.streak_of_successes ? x.streak + 1 : 1;
  x.streak_of_successes = success;
  const auto flipped = (x.active.status == status::up) != success;
  if (!flipped && (x.streak >= (success ? check().rise : check().fall)))
    x.complete = true;
  // One failure that confirms what traffic saw is complete at once.
  if (!success && x.active.status == status::down)
    x.complete = true;
  send(observations_(), probe_seen{backend_, x.about.server, x.active.status,
                                   x.complete, x.last_probe});
}

void health_checker::count_for_veto(target& x, bool success) {
  if (!x.vetoed)
    return;
  x.veto_successes = success ? x.veto_successes + 1 : 0;
  if (x.veto_successes < check().rise)
    return;
  x.vetoed = false;
  journal::info(event_kind::server,
                journal::server_subject(backend_, x.about.server),
                "backend {}: server {}: {} probes in a row lift the veto",
                backend_, x.about.server, x.veto_successes);
}

void health_checker::arm(target& x, milliseconds delay) {
  x.ticket = ++tickets_;
  delayed_send(this, delay, check_due{x.about.server, x.ticket});
}

/// The next probe, or the end of the cooldown if that comes first.
void health_checker::arm_next(target& x) {
  auto cooldown = until(x.passive.until, now());
  if (!may_probe(x)) {
    if (x.passive.ejected && !check().enabled)
      arm(x, cooldown);
    else
      x.ticket = ++tickets_;
    return;
  }
  auto cooled = x.passive.ejected && cooldown.count() == 0;
  if (x.vetoed || cooled || (x.assigned && observations_ && !x.complete)) {
    arm_soon(x);
    return;
  }
  auto delay = jittered(probe_interval(x.active, check()), random());
  arm(x, x.passive.ejected ? std::min(delay, cooldown) : delay);
}

void health_checker::arm_soon(target& x) {
  arm(x, jittered(std::min(check().interval, interval_soon), random()));
}

void health_checker::arm_first(target& x) {
  if (!may_probe(x)) {
    arm_next(x);
    return;
  }
  auto within = std::min(check().interval, first_probe_within).count();
  arm(x, milliseconds((static_cast<uint64_t>(within) * random()) >> 32));
}

// -- passive ------------------------------------------------------------------

void health_checker::take_report(const passive_report& message) {
  auto* x = find(message.server);
  if (x == nullptr)
    return; // removed while the report was under way
  if (message.kind == failure_kind::connect && check().enabled)
    veto(*x, message.failures);
  else
    eject(*x, message.failures);
}

void health_checker::veto(target& x, unsigned failures) {
  x.veto_successes = 0;
  if (std::exchange(x.vetoed, true))
    return;
  journal::warn(event_kind::server,
                journal::server_subject(backend_, x.about.server),
                "backend {}: server {}: {} connects in a row failed", backend_,
                x.about.server, failures);
  tell(x);
  if (observations_)
    send(observations_(), traffic_failed{backend_, x.about.server, failures});
  probe_soon(x);
}

/// At once, but not sooner than rule 14 allows.
void health_checker::probe_soon(target& x) {
  if (!may_probe(x) || x.probing)
    return;
  if (x.probes == 0 || now() >= x.last_probe_at + extra_probe_pause)
    probe(x);
  else
    arm(x, until(x.last_probe_at + extra_probe_pause, now()));
}

void health_checker::take_hint(const probe_now& message) {
  auto* x = find(message.server);
  if (x == nullptr)
    return;
  x->confirm |= message.one_failure_is_enough;
  probe_soon(*x);
}

/// A peer tells it once, when it begins to avoid the server: it holds as long
/// as an observation would.
void health_checker::take_suspicion(const peer_suspects& message) {
  auto* x = find(message.server);
  if (x == nullptr || !check().enabled)
    return;
  auto& failed = x->about.live->failed_connects;
  failed.suspect_until(now() + 3 * check().interval + check().timeout);
  const auto enough = failed.enough(check().passive.failures, now());
  if (const auto in_row = failed.in_row(); in_row >= enough)
    veto(*x, in_row);
}

/// Where this node's part begins, if it begins anew.
std::optional<status>
health_checker::beginning(const target& x, const probe_role& message) const {
  const bool rejected =
    x.vetoed || (x.complete && x.active.status == status::down);
  return message.alone && rejected ? status::down : message.restart_from;
}

void health_checker::take_role(const probe_role& message) {
  auto* x = find(message.server);
  if (x == nullptr)
    return; // removed while the message was under way
  const auto was = std::exchange(x->assigned, message.probe);
  const auto from = beginning(*x, message);
  if (message.alone)
    x->told.reset(); // the router goes by its own conclusion until it hears
  if (from) {
    x->active = {.status = *from, .confirmed = true};
    x->opinion = true;
    x->streak = 0;
    x->complete = false;
  } else if (was && !message.probe && x->complete
             && x->active.status == status::down && check().enabled) {
    // What this node cannot reach it goes on avoiding, and so probing (13).
    x->vetoed = true;
    x->veto_successes = 0;
  }
  if (!message.probe)
    x->complete = false;
  tell(*x);
  if (was == message.probe && !from)
    return;
  x->probing = false;
  if (message.probe && was)
    arm_first(*x);
  else
    arm_next(*x);
}

void health_checker::eject(target& x, unsigned failures) {
  if (x.passive.ejected)
    return;
  if (last_standing(x)) {
    log::debug("backend {}: server {}: not ejected after {} failures: it is "
               "the last one standing",
               backend_, x.about.server, failures);
    return;
  }
  x.passive = troupe::eject(x.passive, check().passive, now());
  journal::warn(
    event_kind::server, journal::server_subject(backend_, x.about.server),
    "backend {}: server {}: ejected for {} ms: {} failures in a row", backend_,
    x.about.server, until(x.passive.until, now()).count(), failures);
  tell(x);
  if (!x.probing)
    arm_next(x);
}

bool health_checker::stands(const target& x) const noexcept {
  return x.about.admin == admin_state::ready && !x.about.address.empty()
      && x.active.status == status::up && !x.vetoed && !x.passive.ejected;
}

bool health_checker::last_standing(const target& x) const noexcept {
  return std::none_of(targets_.begin(), targets_.end(), [&](auto& other) {
    return &other != &x && stands(other);
  });
}

void health_checker::settle(target& x, bool probe_succeeded) {
  auto before =
    std::exchange(x.passive, troupe::settle(x.passive, check().enabled,
                                            probe_succeeded, now()));
  if (before.ejected && !x.passive.ejected)
    journal::info(
      event_kind::server, journal::server_subject(backend_, x.about.server),
      "backend {}: server {}: its ejection ends", backend_, x.about.server);
}

// -- what others are told -----------------------------------------------------

void health_checker::tell(target& x) {
  if (!x.opinion && !x.vetoed && !x.passive.ejected)
    return;
  server_health report{x.about.server,
                       x.active.status,
                       x.vetoed,
                       x.passive.ejected,
                       observations_ && x.assigned && x.complete,
                       !settings_->initially_up && x.proven};
  if (x.told == report)
    return;
  x.told = report;
  send(router_, std::move(report));
}

health_list health_checker::describe() const {
  health_list result;
  result.reserve(targets_.size());
  for (const auto& x : targets_) {
    int64_t age = -1;
    if (!x.last_probe.empty())
      age = std::chrono::duration_cast<milliseconds>(now() - x.last_probe_at)
              .count();
    result.push_back({x.about.server, x.active, x.passive, x.vetoed,
                      x.last_probe, age, x.probes});
  }
  return result;
}

uint32_t health_checker::random() noexcept {
  return static_cast<uint32_t>(avalanche(++random_) >> 32);
}

} // namespace troupe::actors
