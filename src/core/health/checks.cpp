// SPDX-License-Identifier: BSD-3-Clause
#include "core/health/checks.hpp"

#include <algorithm>
#include <utility>

namespace troupe::checks {

namespace {

/// Whether probes of the two can be told apart. What traffic says (`passive`)
/// is no part of a probe.
bool same_check(check_settings a, const check_settings& b) {
  a.passive = b.passive;
  return a == b;
}

} // namespace

effects machine::step(const input& in, time_point now) {
  now_ = now;
  std::visit([this](const auto& x) { take(x); }, in);
  return std::exchange(out_, {});
}

// -- targets ------------------------------------------------------------------

void machine::take(const targets_changed& in) {
  std::vector<server> next;
  next.reserve(in.targets.size());
  for (const auto& x : in.targets)
    next.push_back(take_over(x, in.check));
  servers_ = std::move(next);
  by_name_.assign(servers_, [](const server& x) -> const std::string& {
    return x.about.server;
  });
  check_ = in.check;
  initially_up_ = in.initially_up;
  for (auto& x : servers_) {
    if (in.restated)
      x.told.reset();
    tell(x);
    if (x.ticket == 0)
      arm_first(x);
  }
}

/// A ticket of 0 in the result asks for a fresh start of its timer.
machine::server machine::take_over(const target& next,
                                   const check_settings& next_check) {
  auto* known = find(next.server);
  if (known == nullptr) {
    server fresh;
    fresh.about = next;
    fresh.opinion = !next_check.enabled;
    fresh.assigned = !clustered_;
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
  if (readdressed || !same_check(check_, next_check)
      || paused != (next.admin == admin_state::maint))
    restart(*known, readdressed, next_check);
  return std::move(*known);
}

void machine::restart(server& x, bool readdressed,
                      const check_settings& next_check) const {
  x.probing = false;
  x.ticket = 0;
  x.active.successes = x.active.failures = x.veto_successes = 0;
  x.begin_anew();
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
machine::server* machine::find(std::string_view name) {
  const auto found = by_name_.find(name);
  return found ? &servers_[*found] : nullptr;
}

// -- this node's part ---------------------------------------------------------

void machine::take(const probe_role& in) {
  auto* x = find(in.server);
  if (x == nullptr)
    return; // removed while the message was under way
  const bool rejected = rejects(x->active.status, x->is_probed(), x->vetoed);
  const auto was = std::exchange(x->assigned, in.probe);
  const auto from = in.alone && rejected ? status::down : in.restart_from;
  if (in.alone)
    x->told.reset(); // the router goes by its own conclusion until it hears
  if (from) {
    x->active = {.status = *from, .confirmed = true};
    x->opinion = true;
    x->begin_anew();
  } else if (was && !in.probe && rejected && check_.enabled && !x->vetoed) {
    // What this node cannot reach it goes on avoiding, and so probing (13).
    x->vetoed = true;
    x->veto_successes = 0;
  }
  if (!in.probe)
    x->begin_anew();
  tell(*x);
  if (was == in.probe && !from)
    return;
  x->probing = false;
  if (in.probe && was)
    arm_first(*x);
  else
    arm_next(*x);
}

// -- what others are told -----------------------------------------------------

void machine::tell(server& x) {
  if (!x.opinion && !x.vetoed && !x.passive.ejected)
    return;
  server_health report{x.about.server,
                       x.active.status,
                       x.vetoed,
                       x.passive.ejected,
                       clustered_ && x.is_probed(),
                       !initially_up_ && x.proven};
  if (x.told == report)
    return;
  x.told = report;
  out_.push_back(std::move(report));
}

void machine::tell_event(const server& x, event_level level, std::string text) {
  out_.push_back(event{level, x.about.server, std::move(text)});
}

std::vector<health_view> machine::describe(time_point now) const {
  std::vector<health_view> result;
  result.reserve(servers_.size());
  for (const auto& x : servers_) {
    int64_t age = -1;
    if (!x.last_probe.empty())
      age =
        std::chrono::duration_cast<milliseconds>(now - x.last_probe_at).count();
    result.push_back({x.about.server, x.active, x.passive, x.vetoed,
                      x.last_probe, age, x.probes});
  }
  return result;
}

} // namespace troupe::checks
