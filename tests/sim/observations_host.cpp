// SPDX-License-Identifier: BSD-3-Clause
#include "observations_host.hpp"

#include "core/cluster/operators_message.hpp"

#include <algorithm>
#include <utility>

namespace sim {

using namespace troupe::cluster;
namespace cluster = troupe::cluster;
namespace checks = troupe::checks;
using troupe::status;

namespace {

const troupe::check_settings settings;
const auto address = *troupe::endpoint::parse("192.0.2.1:80");

/// A loop that stood still for longer knows that it did (rule 16).
constexpr milliseconds stall_min{2'000};

} // namespace

// -- what happens to it -------------------------------------------------------

void observations_host::start() {
  if (running())
    return;
  ++starts_;
  for (auto& timer : timers_)
    timer = {};
  auto& chance = site_.time.chance;
  clock_offset_ = seconds{chance.between(1'000, 100'000)};
  clock_per_mille_ = chance.between(995, 1005);
  const auto wall =
    std::exchange(clock_back_, false) ? starts_ : 1000 * starts_;
  site_.time.trace(name_, "starts");
  site_.checker.started(name_);
  members_ = std::make_unique<membership::machine>(membership::identity{
    name_, "prod", chance.next(), "simulated", chance.next()});
  watch_ = std::make_unique<observations::machine>(
    observations::identity{name_, wall}, *site_.broken.rules);
  wishes_ = std::make_unique<operators::machine>(name_);
  checks_ = std::make_unique<checks::machine>(chance.next(), true);
  configure();
}

void observations_host::configure() {
  step(operators::started{disk_});
  operators::servers_changed weights{1, {}};
  observations::targets_changed targets{"app", {}, false};
  checks::targets_changed probes{settings, true, {}, false};
  for (const auto& x : site_.land.servers) {
    weights.weights[{"app", x.name}] = 100;
    facts_[x.name];
    probes.targets.push_back({x.name, address});
    targets.targets.push_back(
      {x.id,
       x.name,
       {settings.interval, settings.timeout, settings.fall},
       true});
  }
  step(weights);
  step(probes);
  step(observations::remembered{downs_});
  step(observations::nodes_changed{site_.land.nodes});
  step(targets);
  step(membership::nodes_changed{site_.land.nodes});
}

void observations_host::crash() {
  if (!running())
    return;
  site_.time.trace(name_, "crashes");
  if (writing_ && site_.time.chance.per_mille(500))
    disk_ = writing_;
  members_.reset();
  watch_.reset();
  wishes_.reset();
  ++starts_;
  paused_ = false;
  backlog_.clear();
  peers_.clear();
  checks_.reset();
  facts_.clear();
  settled_ = false;
  queue_.clear();
  writing_.reset();
  site_.checker.crashed(name_);
  site_.links.died(name_);
}

void observations_host::wipe() {
  crash();
  site_.time.trace(name_, "loses its disk");
  disk_.reset();
  downs_.clear();
  site_.checker.wiped();
}

void observations_host::pause() {
  if (!alive())
    return;
  site_.time.trace(name_, "stalls");
  paused_ = true;
  paused_at_ = site_.time.now();
}

void observations_host::resume() {
  if (!paused_)
    return;
  site_.time.trace(name_, "goes on");
  paused_ = false;
  site_.checker.resumed(name_);
  const bool stalled = site_.time.now() - paused_at_ > stall_min;
  // It may hear of it before or after what has waited.
  if (stalled && site_.time.chance.per_mille(500))
    wake_up_stalled();
  else if (stalled)
    later(milliseconds{5}, [this] { wake_up_stalled(); });
  for (auto& what : std::exchange(backlog_, {}))
    now_or_resumed(std::move(what));
}

void observations_host::wake_up_stalled() {
  if (!site_.broken.rules->doubts_itself())
    return;
  step(observations::stalled{});
  step(membership::stalled{});
}

void observations_host::ask(uint64_t request, const std::string& server,
                            uint64_t wish) {
  if (!alive())
    return;
  operators::command x;
  x.request = request;
  x.of = {"app", server};
  x.author = "operator " + std::to_string(request);
  if (wish % 4 == 3)
    x.weight = wish % 1000;
  else
    x.admin = static_cast<troupe::admin_state>(wish % 3);
  // The answer may come in the same step.
  const auto& counter = wishes_->state().counter;
  site_.checker.commanded(name_, request, x.of, {counter + 1, name_});
  step(x);
}

void observations_host::fail_traffic(const std::string& server) {
  if (!alive())
    return;
  site_.checker.traffic_failed(name_, server);
  step(checks::passive_report{server, checks::failure_kind::connect,
                              settings.passive.failures});
}

// -- steps --------------------------------------------------------------------

void observations_host::step(const membership::input& x) {
  for (const auto& effect : members_->step(x, local_now())) {
    if (const auto* wake = std::get_if<cluster::wake>(&effect))
      wake_at(timers_[0], wake->at, [this] { step(membership::tick{}); });
    else
      std::visit([this](const auto& what) { perform(what); }, effect);
  }
}

void observations_host::step(const observations::input& x) {
  for (const auto& effect : watch_->step(x, local_now())) {
    if (const auto* wake = std::get_if<cluster::wake>(&effect))
      wake_at(timers_[1], wake->at, [this] { step(observations::tick{}); });
    else
      std::visit([this](const auto& what) { perform(what); }, effect);
  }
  if (watch_->settled())
    downs_ = watch_->downs();
  site_.checker.stepped(name_, *watch_, local_now());
}

void observations_host::step(const operators::input& x) {
  for (auto& effect : wishes_->step(x, local_now()))
    queue_.push_back(std::move(effect));
  pump();
}

void observations_host::step(const checks::input& x) {
  for (const auto& effect : checks_->step(x, local_now()))
    std::visit([this](const auto& what) { perform(what); }, effect);
}

/// Carries effects out in order; what follows a write waits for the disk.
void observations_host::pump() {
  const bool waits =
    site_.broken.driver != watch_driver_flaw::wish_before_fsync;
  while (!queue_.empty() && !(writing_ && waits)) {
    const auto effect = std::move(queue_.front());
    queue_.pop_front();
    if (const auto* wake = std::get_if<cluster::wake>(&effect)) {
      wake_at(timers_[2], wake->at, [this] { step(operators::tick{}); });
    } else if (const auto* write = std::get_if<persist>(&effect)) {
      const bool busy = writing_.has_value();
      writing_ = write->content;
      if (!busy)
        later(site_.time.any(milliseconds{1}, milliseconds{80}),
              [this] { land(); });
    } else {
      std::visit([this](const auto& what) { perform(what); }, effect);
    }
  }
}

void observations_host::land() {
  disk_ = std::exchange(writing_, {});
  pump();
}

void observations_host::receive(const std::string& from, message_kind kind,
                                const std::string& body) {
  if (!running())
    return;
  later({}, [this, from, kind, body] {
    if (!peers_.contains(from))
      return;
    if (kind == message_kind::observations)
      step(observations::received{from, body});
    else
      step(operators::received{from, body});
  });
}

void observations_host::take(const membership::input& x) {
  if (running())
    now_or_resumed([this, x] { step(x); });
}

// -- effects ------------------------------------------------------------------

void observations_host::perform(const membership::dial& x) {
  site_.links.dial(name_, x.peer);
}

void observations_host::perform(const membership::close_link& x) {
  site_.links.close(name_, x.link, x.reason);
}

void observations_host::perform(const membership::link_send& x) {
  site_.links.send(name_, x.link, x.body);
}

void observations_host::perform(const membership::joined& x) {
  site_.time.trace(name_, "sees " + x.peer);
  peers_.insert(x.peer);
  step(observations::joined{x.peer});
  step(operators::joined{x.peer});
}

void observations_host::perform(const membership::left& x) {
  site_.time.trace(name_, "misses " + x.peer);
  peers_.erase(x.peer);
  step(operators::left{x.peer});
}

void observations_host::perform(const membership::view& x) {
  site_.checker.majority(name_, 2 * x.alive.size() > site_.land.nodes.size());
  step(observations::view_changed{x.alive, x.has_majority});
}

void observations_host::perform(const membership::event& x) {
  site_.time.trace(name_, x.text);
}

void observations_host::perform(const cluster::send& x) {
  if (x.kind == message_kind::operators) {
    site_.checker.told(name_, x.body);
    const auto said = operators::decode(x.body);
    if (site_.broken.driver == watch_driver_flaw::wish_digest_ignored
        && std::holds_alternative<operators::digest_body>(said))
      return;
  }
  if (x.kind == message_kind::observations)
    site_.checker.told_observations(name_, x.body);
  for (const auto& peer : peers_)
    if (x.to.empty() || x.to == peer)
      site_.net.send(*this, peer, x.kind, x.body);
}

void observations_host::perform(const operators::answer& x) {
  site_.checker.answered(name_, x);
}

// -- health checks ------------------------------------------------------------

void observations_host::perform(const observations::part& x) {
  checks::probe_role role{x.server, x.probe, x.restart_from, x.alone};
  role.alone &= site_.broken.driver != watch_driver_flaw::loss_forgets;
  if (site_.broken.driver == watch_driver_flaw::parts_never_end && !x.probe)
    return;
  say([this, role] { step(role); });
}

void observations_host::perform(const observations::suspected& x) {
  const auto own = static_cast<unsigned>(site_.time.chance.below(3));
  say([this, x, own] {
    if (own > 1)
      site_.checker.traffic_failed(name_, x.server);
    step(checks::suspected{x.server, own});
  });
}

void observations_host::perform(const observations::hint& x) {
  if (site_.broken.driver == watch_driver_flaw::suspicion_votes)
    return step(observations::probed{"app", x.server, status::down, true,
                                     "a peer says so"});
  say([this, x] { step(checks::probe_now{x.server, x.one_is_enough}); });
}

void observations_host::perform(const checks::arm& x) {
  later(x.delay,
        [this, due = checks::check_due{x.server, x.ticket}] { step(due); });
}

void observations_host::perform(const checks::probe& x) {
  using troupe::probe_outcome;
  ++probes_[x.server];
  const bool success = site_.land.reaches(name_, x.server);
  // What fails is refused at once or times out.
  const bool at_once = success || site_.time.chance.per_mille(500);
  const duration takes = at_once
                         ? site_.time.any(milliseconds{1}, milliseconds{30})
                         : settings.timeout;
  const auto outcome = success ? probe_outcome::success
                     : at_once ? probe_outcome::failure
                               : probe_outcome::timeout;
  later(takes, [this, ended = checks::probe_ended{x.server, x.ticket,
                                                  outcome}] { step(ended); });
}

void observations_host::perform(const checks::probed& x) {
  say([this, x] {
    step(observations::probed{"app", x.server, x.own, x.complete, x.evidence});
  });
}

void observations_host::perform(const checks::traffic_fails& x) {
  say([this, x] {
    step(observations::traffic_fails{"app", x.server, x.failures});
  });
}

void observations_host::perform(const checks::event& x) {
  site_.time.trace(name_, x.server + ": " + x.text);
}

// -- what its router makes of it ----------------------------------------------

void observations_host::perform(const checks::server_health& x) {
  const auto broken = site_.broken.driver;
  const bool counts = broken != watch_driver_flaw::own_evidence_ignored;
  const bool sticks = broken == watch_driver_flaw::veto_sticks;
  say([this, x, counts, sticks] {
    auto& facts = facts_.at(x.server);
    facts.own = x.own;
    facts.probed = x.probed && counts;
    facts.vetoed = (x.vetoed && counts) || (facts.vetoed && sticks);
    facts.ejected = x.ejected;
    conclude();
  });
}

void observations_host::perform(const observations::verdicts_changed&) {
  say([this, settled = watch_->settled(), all = watch_->verdicts("app")] {
    take_verdicts(settled, all);
  });
}

void observations_host::take_verdicts(
  bool settled, const std::vector<std::pair<std::string, status>>& verdicts) {
  const bool lost = settled_ && !settled;
  if (settled)
    site_.checker.has_majority(name_);
  for (auto& [server, facts] : facts_) {
    if (lost) {
      site_.checker.lost_majority(name_, server, uses(server));
      facts.own = troupe::own_without_majority(facts);
    }
    facts.verdict = status::up;
  }
  for (const auto& [server, verdict] : verdicts)
    facts_.at(server).verdict = verdict;
  settled_ = settled;
  conclude();
}

bool observations_host::uses(const std::string& server) const {
  // Others that are up: no pool of its own is emptied by what is against it.
  const std::vector<troupe::server_facts> pool{facts_.at(server), {}};
  return troupe::evaluate(pool, {.has_majority = settled_}).servers[0].usable;
}

void observations_host::conclude() {
  for (const auto& [server, facts] : facts_)
    site_.checker.concluded(name_, server, uses(server));
}

// -- time ---------------------------------------------------------------------

time_point observations_host::local_now() const {
  return time_point{clock_offset_
                    + site_.time.elapsed() / 1000 * clock_per_mille_};
}

void observations_host::wake_at(wake_timer& timer, time_point local,
                                world::action what) {
  const auto alarm = timer.arm(local, local_now());
  if (!alarm)
    return;
  const duration delay = alarm->delay;
  later(delay / clock_per_mille_ * 1000 + microseconds{2},
        [&timer, ticket = alarm->ticket, what = std::move(what)] {
          if (timer.due(ticket))
            what();
        });
}

void observations_host::now_or_resumed(world::action what) {
  if (paused_)
    backlog_.push_back([this, life = starts_, what = std::move(what)] {
      if (starts_ == life)
        what();
    });
  else
    what();
}

void observations_host::later(duration delay, world::action what) {
  site_.time.after(delay, [this, life = starts_, what = std::move(what)] {
    if (starts_ == life)
      now_or_resumed(what);
  });
}

} // namespace sim
