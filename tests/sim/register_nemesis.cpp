// SPDX-License-Identifier: BSD-3-Clause
#include "register_run.hpp"

#include <algorithm>
#include <set>

// What goes wrong in a run.

namespace sim {

using namespace troupe::cluster::config_register;

void register_run::go_wrong() {
  if (faults_over())
    return;
  const auto which = world_.chance.below(6);
  if (which == 0 && plan_.partitions)
    partition();
  else if (which == 1 && plan_.partitions)
    one_way();
  else if (which == 2 && plan_.crashes)
    crash_one();
  else if (which == 3 && plan_.wipes)
    wipe_one();
  else if (which == 4 && plan_.pauses)
    pause_one();
  world_.after(world_.any(milliseconds{50}, milliseconds{1500}),
               [this] { go_wrong(); });
}

/// Any two groups, for a while.
void register_run::partition() {
  const auto side = world_.chance.next();
  if (world_.traced())
    world_.trace("", "partition " + std::to_string(side % 256));
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = 0; b < hosts_.size(); ++b)
      network_.block(a, b, ((side >> a) & 1) != ((side >> b) & 1));
  network_.changed();
  world_.after(world_.any(milliseconds{200}, seconds{6}), [this] {
    if (plan_.majority_lost)
      return; // that partition is not this one's to heal
    network_.heal();
    network_.changed();
  });
}

void register_run::one_way() {
  const auto a = world_.chance.below(hosts_.size());
  const auto b = world_.chance.below(hosts_.size());
  network_.block(a, b, true);
  network_.changed();
  world_.after(world_.any(milliseconds{200}, seconds{6}), [this, a, b] {
    if (plan_.majority_lost)
      return;
    network_.block(a, b, false);
    network_.changed();
  });
}

void register_run::crash_one() {
  auto& x = any_host();
  x.crash();
  world_.after(world_.any(milliseconds{10}, seconds{4}), [&x] { x.start(); });
}

/// Rule 2 promises nothing beyond the loss of as many disks as a cluster can
/// lose nodes, or one of two: of each list that somebody votes by or may come
/// to. When it happens makes no difference.
bool register_run::may_wipe(const register_host& victim) const {
  std::set<std::string> lost{victim.name()};
  std::vector<node_list> lists_in_use;
  for (const auto& x : hosts_) {
    const auto disk = x->disk();
    const bool remembers =
      disk && (disk->as == standing::voter || disk->as == standing::founder);
    if (!remembers)
      lost.insert(x->name());
    if (disk && disk->committed)
      lists_in_use.push_back(disk->committed->nodes);
    if (disk && disk->accepted)
      lists_in_use.push_back(disk->accepted->value.nodes);
  }
  if (lists_in_use.empty())
    return wiped_ == 0;
  return std::none_of(
    lists_in_use.begin(), lists_in_use.end(), [&](const auto& nodes) {
      const auto n = nodes.size();
      const auto may_lose = std::max(size_t{1}, n - (n / 2 + 1));
      const auto loses =
        std::count_if(nodes.begin(), nodes.end(), [&](const auto& node) {
          return lost.count(node.name) != 0;
        });
      return lists(nodes, victim.name())
          && (n < 2 || static_cast<size_t>(loses) > may_lose);
    });
}

void register_run::wipe_one() {
  auto& x = any_host();
  if (may_wipe(x))
    wipe(x);
}

/// Disks are lost between any two messages of a vote, of a record on its way
/// and of a return.
void register_run::strike_at_votes() {
  for (auto& x : hosts_)
    x->voting = [this](register_host& at) {
      if (!world_.chance.per_mille(10))
        return;
      auto& victim = world_.chance.per_mille(500) ? at : any_host();
      world_.after(world_.any({}, milliseconds{4}), [this, &victim] {
        if (!faults_over() && victim.running() && may_wipe(victim))
          wipe(victim);
      });
    };
}

void register_run::wipe(register_host& x) {
  ++wiped_;
  x.wipe(world_.chance.per_mille(300));
  world_.after(world_.any(milliseconds{10}, seconds{2}), [&x] { x.start(); });
}

/// Whoever decides is cut off before it can tell, the news travels badly, and
/// meanwhile one of the others loses what it had voted.
void register_run::be_cruel() {
  const auto learn = message::body{message::learn{}}.index() + 1;
  network_.loses = [this, learn](const std::string& body) {
    return static_cast<size_t>(body.front()) == learn
        && world_.chance.per_mille(600);
  };
  for (auto& x : hosts_)
    x->watcher = [this](register_host& at, const record& what) {
      if (what.at <= newest_seen_)
        return;
      newest_seen_ = what.at;
      if (world_.chance.per_mille(400))
        cut_off(at);
    };
}

void register_run::cut_off(const register_host& x) {
  world_.trace(x.name(), "is cut off");
  size_t self = 0;
  while (hosts_[self].get() != &x)
    ++self;
  const auto block = [this, self](bool blocked) {
    for (size_t i = 0; i < hosts_.size(); ++i) {
      network_.block(self, i, blocked);
      network_.block(i, self, blocked);
    }
    network_.changed();
  };
  block(true);
  world_.after(world_.any(seconds{2}, seconds{6}), [block] { block(false); });
  if (!plan_.wipes || !world_.chance.per_mille(500))
    return;
  world_.after(milliseconds{1}, [this, self] {
    auto& other = any_host();
    if (&other != hosts_[self].get() && other.running() && may_wipe(other))
      wipe(other);
  });
}

void register_run::pause_one() {
  auto& x = any_host();
  x.pause();
  world_.after(world_.any(milliseconds{200}, seconds{8}), [&x] { x.resume(); });
}

/// No part of the list is a majority any more; an operator goes on with one
/// part, or one each with two.
void register_run::lose_majority() {
  std::vector<size_t> parts[3];
  const auto n = plan_.nodes;
  const auto size_max = (n + 1) / 2 == n / 2 + 1 ? n / 2 : (n - 1) / 2;
  const auto each = std::max<size_t>(1, size_max);
  for (size_t i = 0; i < hosts_.size(); ++i)
    parts[std::min<size_t>(i / each, 2)].push_back(i);
  world_.trace("", "majority lost");
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = 0; b < hosts_.size(); ++b)
      network_.block(
        a, b, std::min<size_t>(a / each, 2) != std::min<size_t>(b / each, 2));
  network_.changed();
  world_.after(seconds{4}, [this, part = parts[0]] { recover_on(part); });
  if (world_.chance.per_mille(400))
    world_.after(seconds{4}, [this, part = parts[1]] { recover_on(part); });
}

void register_run::recover_on(std::vector<size_t> survivors) {
  auto& at = *hosts_[survivors.front()];
  if (!at.committed() || at.paused())
    return;
  node_list nodes;
  for (const auto& node : at.committed()->nodes)
    for (const auto i : survivors)
      if (hosts_[i]->name() == node.name)
        nodes.push_back(node);
  auto next = text_with(nodes);
  const auto id = expect(at, next.hash, false);
  at.give(recover{id, next, {"operator", "majority lost", 0}});
}

} // namespace sim
