// SPDX-License-Identifier: BSD-3-Clause
#include "observations_run.hpp"

#include "core/cluster/observers.hpp"
#include "core/stable_hash.hpp"

#include <algorithm>
#include <iterator>

namespace sim {

using namespace troupe::cluster;
using troupe::status;

namespace {

/// Whose votes may still be counted 23 s after they were cast (a down server's
/// freshness and the hand-over, rules 9 and 11) and who needs 12 s to be seen
/// again and to settle.
constexpr seconds quiet_for{36};
/// `rise` or `fall` probes, the first of them 5 s away at most, and digests.
constexpr seconds follow_within{12};
/// A down server is probed every 5 s, and a bit.
constexpr seconds steady_for{14};

} // namespace

observations_run::observations_run(uint64_t seed,
                                   const observations_flaw& broken, bool traced)
  : world_(seed, traced), network_(world_), wires_(world_),
    checker_(world_, land_), site_{world_,   network_, wires_,
                                   checker_, land_,    broken} {}

void observations_run::make_plan() {
  auto& chance = world_.chance;
  static constexpr size_t sizes[] = {1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 6, 7};
  plan_.nodes = sizes[chance.below(std::size(sizes))];
  plan_.isolations = plan_.nodes > 2 && chance.per_mille(300);
  // Who is cut off and restarted there has no verdict to begin from.
  const bool others = !plan_.isolations;
  plan_.partitions = others && chance.per_mille(500);
  plan_.crashes = others && chance.per_mille(500);
  plan_.pauses = chance.per_mille(400);
  plan_.wipes = plan_.crashes && chance.per_mille(300);
  plan_.clocks = plan_.crashes && chance.per_mille(200);
  plan_.deaths = plan_.nodes > 2 && chance.per_mille(300);
  plan_.bridge = plan_.nodes > 2 && !plan_.deaths && chance.per_mille(200);
  plan_.suspicion = chance.per_mille(300);
  plan_.faults_last = seconds{chance.between(40, 80)};
}

/// Two that are always alike, one that a single node cannot reach, one that
/// changes for all, and two that each node sees as chance has it.
void observations_run::make_servers() {
  auto& chance = world_.chance;
  for (size_t i = 1; i <= 6; ++i) {
    const auto name = "s" + std::to_string(i);
    land_.servers.push_back({name, troupe::stable_hash(name), {}});
  }
  const auto unreachable = [&](const std::string& node, size_t i) {
    land_.unreachable.insert({node, land_.servers[i].name});
  };
  land_.servers[0].always = status::up;
  land_.servers[1].always = status::down;
  for (const auto& node : land_.nodes)
    unreachable(node, 1);
  unreachable(land_.nodes[chance.below(land_.nodes.size())], 2);
  // An isolation too short to be noticed adds a second vote to that one.
  if (land_.nodes.size() > 2 && !plan_.isolations)
    land_.servers[2].always = status::up;
  for (const auto& node : land_.nodes)
    for (const size_t i : {4, 5})
      if (chance.per_mille(500))
        unreachable(node, i);
}

void observations_run::make_hosts() {
  for (size_t i = 0; i < plan_.nodes; ++i)
    land_.nodes.push_back("lb" + std::to_string(i + 1));
  make_servers();
  for (const auto& name : land_.nodes) {
    hosts_.push_back(std::make_unique<observations_host>(site_, name));
    network_.add(*hosts_.back());
    wires_.add(*hosts_.back());
  }
}

void observations_run::set_faults() {
  auto& chance = world_.chance;
  auto& net = network_.faults;
  net.delay_max = milliseconds{chance.between(2, 60)};
  wires_.delay_max = milliseconds{chance.between(2, 60)};
  if (!chance.per_mille(600))
    return;
  net.drop = chance.below(250);
  net.drops_in_a_row = 2; // a third lost digest makes an observation stale
  net.duplicate = chance.below(200);
  net.linger = chance.below(100);
}

run_result observations_run::run() {
  make_plan();
  make_hosts();
  set_faults();
  faults_end_ = world_.now() + seconds{15} + plan_.faults_last;
  for (auto& x : hosts_)
    world_.after(world_.any({}, seconds{2}), [&x] { x->start(); });
  world_.after(seconds{3}, [this] { ask(); });
  world_.after(seconds{3}, [this] { change_server(); });
  world_.after(seconds{20}, [this] { go_wrong(); });
  while (world_.now() < faults_end_ && checker_.failure().empty())
    world_.run_until(std::min(world_.now() + seconds{1}, faults_end_));
  if (checker_.failure().empty())
    end_faults();
  return result();
}

void observations_run::end_faults() {
  world_.trace("", "no more faults");
  network_.faults = {};
  heal();
  if (plan_.deaths)
    die_for_good();
  if (plan_.bridge)
    keep_bridge();
  for (auto& x : hosts_) {
    x->resume();
    if (!is_dead(*x))
      x->start();
  }
  world_.run_until(world_.now() + quiet_for);
  std::string why;
  if (!whole(why) || !agreed(why))
    return checker_.fail(std::to_string(quiet_for.count())
                         + " s after the last fault " + why);
  const auto flips = checker_.flips();
  if (!probed_by_few(why))
    return checker_.fail(why);
  if (checker_.flips() != flips)
    return checker_.fail("a verdict changes long after the last fault");
  if (!agreed(why))
    return checker_.fail("long after the last fault " + why);
  if (!follows_a_server(why))
    return checker_.fail("12 s after a server changed " + why);
  for (const auto& x : hosts_)
    if (!is_dead(*x))
      checker_.end(x->name(), x->wishes(), dead_);
}

/// The first three that live, by rank.
std::vector<std::string>
observations_run::observers(const landscape::server& x) const {
  std::vector<std::string> result;
  for (const auto& node : observations::ranked(land_.nodes, x.id))
    if (!dead_.contains(node) && result.size() < observations::observers_max)
      result.push_back(node);
  return result;
}

/// Their votes; half of them are not enough.
status observations_run::truth(const landscape::server& x) const {
  const auto who = observers(x);
  const auto downs = std::ranges::count_if(
    who, [&](const auto& node) { return !land_.reaches(node, x.name); });
  return 2 * static_cast<size_t>(downs) > who.size() ? status::down
                                                     : status::up;
}

/// Whether all that this node observes is down to it.
bool observations_run::may_look_around(const std::string& node) const {
  bool result = false;
  for (const auto& server : land_.servers) {
    const auto who = observers(server);
    if (std::ranges::find(who, node) == who.end())
      continue;
    if (land_.reaches(node, server.name))
      return false;
    result = true;
  }
  return result;
}

/// All say what is so, of servers and of wishes.
bool observations_run::agreed(std::string& why) const {
  const observations_host* first = nullptr;
  for (const auto& x : hosts_) {
    if (is_dead(*x))
      continue;
    if (!x->mind().settled()) {
      why = x->name() + " trusts no verdict";
      return false;
    }
    if (!uses_what_it_should(*x, why))
      return false;
    const auto said = x->mind().verdicts("app");
    for (size_t i = 0; i < land_.servers.size(); ++i)
      if (said.size() != land_.servers.size()
          || said[i].second != truth(land_.servers[i])) {
        why = x->name() + " is wrong about " + land_.servers[i].name;
        return false;
      }
    if (!first)
      first = x.get();
    why = x->name() + " wishes something else than " + first->name();
    if (x->wishes().entries != first->wishes().entries)
      return false;
  }
  return true;
}

/// Rule 12: what is up for the cluster and for this node, and nothing else.
/// Whoever does not watch a server may use it until its traffic fails.
bool observations_run::uses_what_it_should(const observations_host& x,
                                           std::string& why) const {
  for (const auto& server : land_.servers) {
    const auto who = observers(server);
    const bool watches = std::ranges::find(who, x.name()) != who.end();
    const bool reached = land_.reaches(x.name(), server.name);
    const bool up = truth(server) == status::up;
    why = x.name() + (x.uses(server.name) ? " uses " : " does not use ")
        + server.name;
    if (x.uses(server.name) ? !up || (watches && !reached) : up && reached)
      return false;
  }
  return true;
}

/// All that live see each other.
bool observations_run::whole(std::string& why) const {
  for (const auto& x : hosts_) {
    if (is_dead(*x))
      continue;
    const auto missing = bridge_.contains(x->name()) ? 1u : 0u;
    why = x->name() + " does not see all others";
    if (x->seen().alive.size() != hosts_.size() - dead_.size() - missing
        || !x->seen().has_majority)
      return false;
  }
  return true;
}

/// R times m probes: three nodes watch a server, if there are so many. Who
/// does not see one of them watches too, and who reaches none of its own may,
/// and who avoids it on its own evidence.
bool observations_run::probed_by_few(std::string& why) const {
  std::map<std::string, std::map<std::string, size_t>> before;
  for (const auto& x : hosts_)
    before[x->name()] = x->probes();
  const_cast<world&>(world_).run_until(world_.now() + steady_for);
  const auto alive = hosts_.size() - dead_.size();
  const auto wanted = std::min(observations::observers_max, alive);
  for (const auto& server : land_.servers) {
    size_t watchers = 0;
    const auto who = observers(server);
    for (const auto& x : hosts_) {
      if (std::ranges::find(who, x->name()) == who.end()
          && (may_look_around(x->name()) || x->vetoes(server.name)))
        continue;
      const auto now = x->probes().find(server.name);
      watchers += now != x->probes().end()
               && now->second > before[x->name()][server.name];
    }
    why = std::to_string(watchers) + " nodes watch " + server.name + ", not "
        + std::to_string(wanted);
    if (watchers < wanted || (bridge_.empty() && watchers > wanted))
      return false;
  }
  return true;
}

/// All nodes do, over a network that loses every fifth message.
bool observations_run::follows_a_server(std::string& why) {
  network_.faults.drop = 200;
  network_.faults.drops_in_a_row = 2;
  const auto& server = land_.servers[3];
  set_for_all(server.name, truth(server) == status::down);
  world_.run_until(world_.now() + follow_within);
  return agreed(why);
}

run_result observations_run::result() {
  run_result x{checker_.failure(), network_.messages(), {}};
  x.counts["verdicts changed"] = checker_.flips();
  x.counts["wishes"] = checker_.wishes();
  for (const auto& host : hosts_)
    for (const auto& [server, probes] : host->probes())
      x.counts["probes"] += probes;
  return x;
}

} // namespace sim
