// SPDX-License-Identifier: BSD-3-Clause
#include "register_run.hpp"

#include <algorithm>
#include <utility>

namespace sim {

using namespace troupe::cluster::config_register;

register_run::register_run(uint64_t seed, const flaw& broken, bool traced)
  : broken_(broken), world_(seed, traced), network_(world_) {}

void register_run::make_plan() {
  auto& chance = world_.chance;
  static constexpr size_t sizes[] = {1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7};
  plan_.nodes = sizes[chance.below(std::size(sizes))];
  plan_.spares = plan_.nodes < 7 ? chance.below(2) : 0;
  plan_.partitions = chance.per_mille(600);
  plan_.crashes = chance.per_mille(600);
  plan_.pauses = chance.per_mille(200);
  plan_.list_changes = chance.per_mille(500);
  plan_.files_differ = chance.per_mille(100);
  plan_.majority_lost = plan_.nodes > 1 && chance.per_mille(150);
  // An operator who gives up a majority gives up what it remembers.
  plan_.wipes = plan_.nodes > 1 && !plan_.majority_lost && !plan_.files_differ
             && chance.per_mille(400);
  plan_.cruel = !plan_.majority_lost && chance.per_mille(300);
  plan_.faults_last = seconds{chance.between(10, 25)};
}

void register_run::make_hosts() {
  node_list nodes;
  for (size_t i = 0; i < plan_.nodes; ++i) {
    const auto name = "lb" + std::to_string(i + 1);
    nodes.push_back({name, name + ":7946"});
  }
  const auto common = text_with(nodes);
  for (size_t i = 0; i < plan_.nodes + plan_.spares; ++i) {
    const bool own = plan_.files_differ && world_.chance.per_mille(400);
    hosts_.push_back(std::make_unique<register_host>(
      world_, network_, checker_, broken_, "lb" + std::to_string(i + 1),
      own ? text_with(nodes) : common));
    network_.add(*hosts_.back());
  }
}

void register_run::set_faults() {
  auto& chance = world_.chance;
  auto& net = network_.faults;
  if (chance.per_mille(600)) {
    net.drop = chance.below(200);
    net.duplicate = chance.below(200);
    net.linger = chance.below(100);
  }
  if (chance.per_mille(400))
    net.delay_max = milliseconds{chance.between(2, 400)};
  host_faults faults;
  faults.check_refused = chance.below(60);
  faults.check_unanswered = chance.below(60);
  faults.apply_failed = chance.below(100);
  faults.slow_write = chance.below(300);
  faults.failed_write =
    plan_.crashes && chance.per_mille(200) ? chance.below(30) : 0;
  for (auto& x : hosts_)
    x->faults = faults;
}

run_result register_run::run() {
  make_plan();
  make_hosts();
  set_faults();
  faults_end_ = world_.now() + plan_.faults_last;
  for (auto& x : hosts_)
    world_.after(world_.any({}, seconds{2}), [&x] { x->start(); });
  world_.after(seconds{1}, [this] { ask(); });
  world_.after(seconds{1}, [this] { go_wrong(); });
  if (plan_.cruel)
    be_cruel();
  if (plan_.wipes)
    strike_at_votes();
  if (plan_.majority_lost)
    world_.after(world_.any(seconds{3}, seconds{8}),
                 [this] { lose_majority(); });
  world_.run_until(faults_end_);
  if (checker_.failure().empty())
    end_faults();
  return result();
}

void register_run::end_faults() {
  world_.trace("", "no more faults");
  network_.faults = {};
  network_.loses = {};
  network_.heal();
  for (auto& x : hosts_) {
    x->faults = {};
    x->watcher = {};
    x->voting = {};
    x->resume();
    x->start();
  }
  network_.changed();
  settle_conflicts();
  world_.run_until(world_.now() + seconds{10});
  if (recover_the_mute())
    world_.run_until(world_.now() + seconds{10});
  std::string why;
  if (!agreed(why))
    return checker_.fail("10 s after the last fault " + why);
  // Every request must have its answer by then, and none may be wrong.
  world_.run_until(world_.now() + seconds{30});
  if (!agreed(why))
    checker_.fail("long after the last fault " + why);
  checker_.end();
}

/// The operator's part: says which of two sides counts, and which file, where
/// nodes cannot agree by themselves.
void register_run::settle_conflicts() {
  for (int round = 0; round < 8; ++round) {
    world_.run_until(world_.now() + seconds{3});
    bool open = false;
    const register_host* chosen = nullptr;
    for (auto& x : hosts_) {
      if (!x->status().conflict.empty() && !chosen)
        chosen = x.get();
      if (x->committed())
        continue;
      open |= plan_.files_differ && x.get() == hosts_.front().get();
    }
    if (open)
      ask_to_form(*hosts_.front());
    for (auto& x : hosts_)
      if (chosen && x->committed() && chosen->committed()
          && x->committed()->mark != chosen->committed()->mark
          && x->committed()->at.epoch == chosen->committed()->at.epoch) {
        checker_.gave_up(x->committed()->mark);
        x->give(adopt{expect(*x, {}, false), chosen->name()});
        open = true;
      }
    if (!open)
      return;
  }
}

register_host* register_run::newest() const {
  register_host* result = nullptr;
  for (const auto& x : hosts_)
    if (x->committed()
        && (!result || result->committed()->at < x->committed()->at))
      result = x.get();
  return result;
}

/// Too few may be left that vote to let the others back in: where a disk is
/// lost while a node is being added that has no memory either, and where those
/// who give up a side were listed on the other one. The operator goes on with
/// one that votes, alone.
bool register_run::recover_the_mute() {
  const auto* host = newest();
  const bool expected =
    plan_.majority_lost || (plan_.wipes && plan_.list_changes);
  if (!host || !expected)
    return false;
  const auto nodes = host->committed()->nodes;
  register_host* survivor = nullptr;
  size_t voters = 0;
  for (const auto& x : hosts_)
    if (lists(nodes, x->name()) && x->status().votes) {
      survivor = x.get();
      ++voters;
    }
  const auto n = nodes.size();
  if (voters == 0 || voters == n || voters >= n - n / 2)
    return false;
  ++recovered_;
  auto next = text_with({*find(nodes, survivor->name())});
  const auto id = expect(*survivor, next.hash, false);
  survivor->give(recover{id, next, {"operator", "too few vote", 0}});
  return true;
}

/// All hold the same record, and whoever it lists votes.
bool register_run::agreed(std::string& why) const {
  const auto* newest = this->newest();
  if (!newest) {
    why = "no cluster has formed";
    return plan_.files_differ || plan_.wipes;
  }
  const auto& record = *newest->committed();
  for (const auto& x : hosts_) {
    // A node that was never added holds nothing and is refused.
    if (!x->committed() && !lists(record.nodes, x->name()))
      continue;
    why = x->name() + " is not where " + newest->name() + " is";
    if (!x->committed() || *x->committed() != record)
      return false;
    why = x->name() + " does not vote";
    if (lists(record.nodes, x->name()) && !x->status().votes)
      return false;
  }
  return true;
}

run_result register_run::result() {
  return {checker_.failure(),
          network_.messages(),
          {{"records", checker_.committed_count()},
           {"changes committed", checker_.answers(outcome::committed)},
           {"unknown", checker_.answers(outcome::unknown)},
           {"disks lost", wiped_},
           {"recovered from too few", recovered_}}};
}

register_host& register_run::any_host() {
  return *hosts_[world_.chance.below(hosts_.size())];
}

} // namespace sim
