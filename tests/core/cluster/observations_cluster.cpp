// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/observations_cluster.hpp"

#include "core/stable_hash.hpp"

#include <algorithm>

using namespace std::chrono_literals;

namespace troupe::cluster::observations {

namespace {

const check_settings check;

} // namespace

model_cluster::model_cluster(uint64_t seed, size_t nodes, size_t servers)
  : random_(seed) {
  for (size_t n = 1; n <= nodes; ++n)
    names_.push_back("lb" + std::to_string(n));
  for (size_t n = 1; n <= servers; ++n)
    servers_.push_back("s" + std::to_string(n));
  for (const auto& name : names_)
    members_[name];
}

// -- what may happen ----------------------------------------------------------

void model_cluster::set(const std::string& server, bool reachable) {
  for (const auto& name : names_)
    set(name, server, reachable);
}

void model_cluster::set(const std::string& node, const std::string& server,
                        bool reachable) {
  if (reachable)
    unreachable_.erase({node, server});
  else
    unreachable_.insert({node, server});
}

void model_cluster::start(const std::string& node) {
  auto& x = members_.at(node);
  x = {};
  x.life = ++lives_;
  x.mind = std::make_unique<machine>(identity{node, lives_});
  x.alive = {node};
  give(node, nodes_changed{names_});
  targets_changed in{"app", {}, false};
  for (const auto& server : servers_) {
    x.checkers[server];
    in.targets.push_back({stable_hash(server),
                          server,
                          {check.interval, check.timeout, check.fall},
                          true});
  }
  give(node, in);
  for (const auto& other : names_)
    look_around(other);
}

void model_cluster::kill(const std::string& node) {
  auto& x = members_.at(node);
  x.mind.reset();
  x.life = ++lives_;
  for (const auto& other : names_)
    look_around(other);
}

void model_cluster::stop_for(const std::string& node, milliseconds time,
                             bool told) {
  auto& x = members_.at(node);
  x.stopped_until = now_ + time;
  const auto stalled_at = told ? now_ + time : now_ + time + 5ms;
  at(stalled_at, [this, node, life = x.life] {
    if (members_.at(node).life == life)
      give(node, stalled{});
  });
  for (const auto& other : names_)
    look_around(other);
  at(x.stopped_until, [this] {
    for (const auto& other : names_)
      look_around(other);
  });
}

void model_cluster::partition(std::map<std::string, int> groups) {
  groups_ = std::move(groups);
  for (const auto& node : names_)
    look_around(node);
}

void model_cluster::run(milliseconds time) {
  const auto end = now_ + time;
  while (!actions_.empty() && actions_.begin()->first <= end) {
    auto next = actions_.extract(actions_.begin());
    now_ = std::max(now_, next.key());
    next.mapped()();
  }
  now_ = end;
}

// -- what is seen -------------------------------------------------------------

bool model_cluster::runs(const std::string& node) const {
  return members_.at(node).mind != nullptr;
}

bool model_cluster::settled(const std::string& node) const {
  const auto& x = members_.at(node);
  return x.mind && x.mind->settled();
}

status model_cluster::verdict_of(const std::string& node,
                                 const std::string& server) const {
  for (const auto& [name, what] : members_.at(node).mind->verdicts("app"))
    if (name == server)
      return what;
  return status::up;
}

size_t model_cluster::probers(const std::string& server) const {
  size_t result = 0;
  for (const auto& [name, x] : members_)
    result += x.mind && x.checkers.at(server).assigned;
  return result;
}

// -- steps --------------------------------------------------------------------

milliseconds model_cluster::upto(milliseconds max) {
  return milliseconds{
    static_cast<int64_t>(random_() % static_cast<uint64_t>(max.count() + 1))};
}

void model_cluster::at(time_point when, action what) {
  actions_.emplace(when, std::move(what));
}

void model_cluster::at_node(const std::string& node, milliseconds delay,
                            action what) {
  at(now_ + delay, [this, node, life = members_.at(node).life,
                    what = std::move(what)]() mutable {
    auto& x = members_.at(node);
    if (x.life != life)
      return;
    if (now_ < x.stopped_until)
      at_node(node,
              std::chrono::ceil<milliseconds>(x.stopped_until - now_) + 1ms,
              std::move(what));
    else
      what();
  });
}

void model_cluster::give(const std::string& node, const input& in) {
  auto& x = members_.at(node);
  if (!x.mind)
    return;
  for (auto& effect : x.mind->step(in, now_))
    std::visit([&](auto& what) { perform(node, what); }, effect);
  if (on_step && x.mind->settled())
    on_step(node);
}

void model_cluster::perform(const std::string& node, wake& x) {
  const auto delay = std::chrono::ceil<milliseconds>(x.at - now_);
  at_node(node, std::max(delay, 0ms),
          [this, node, alarm = ++members_.at(node).alarm] {
            if (members_.at(node).alarm == alarm)
              give(node, tick{});
          });
}

void model_cluster::perform(const std::string& node, send& x) {
  for (const auto& peer : members_.at(node).alive)
    if (peer != node && (x.to.empty() || x.to == peer)) {
      carry(node, peer, x.body);
      if (random_() % 100 < repeated)
        carry(node, peer, x.body);
    }
}

void model_cluster::carry(const std::string& from, const std::string& to,
                          const std::string& body) {
  if (!connected(from, to) || random_() % 100 < lost)
    return;
  at_node(to, 1ms + upto(60ms), [this, from, to, body] {
    if (members_.at(to).alive.contains(from))
      give(to, received{from, body});
  });
}

// -- probes -------------------------------------------------------------------

void model_cluster::perform(const std::string& node, part& x) {
  auto& c = members_.at(node).checkers.at(x.server);
  const auto was = std::exchange(c.assigned, x.probe);
  const bool rejected = c.complete && c.active.status == status::down;
  const auto from = x.alone && rejected ? status::down : x.restart_from;
  if (from) {
    c.active = {.status = *from, .confirmed = true};
    c.streak = 0;
    c.complete = false;
  }
  if (x.probe && (!was || from))
    arm(node, x.server, upto(100ms));
}

void model_cluster::arm(const std::string& node, const std::string& server,
                        milliseconds delay) {
  const auto ticket = ++members_.at(node).checkers.at(server).ticket;
  at_node(node, delay, [this, node, server, ticket] {
    if (members_.at(node).checkers.at(server).ticket == ticket)
      probe(node, server);
  });
}

void model_cluster::probe(const std::string& node, const std::string& server) {
  const auto& c = members_.at(node).checkers.at(server);
  if (!c.assigned)
    return;
  const bool success = !unreachable_.contains({node, server});
  // What fails is refused at once or times out.
  const auto takes =
    success || random_() % 2 ? 1ms + upto(30ms) : check.timeout;
  at_node(node, takes, [this, node, server, success, ticket = c.ticket] {
    if (members_.at(node).checkers.at(server).ticket == ticket)
      probe_ended(node, server, success);
  });
}

void model_cluster::probe_ended(const std::string& node,
                                const std::string& server, bool success) {
  auto& c = members_.at(node).checkers.at(server);
  c.active =
    apply(c.active, success ? probe_outcome::success : probe_outcome::failure,
          {check.rise, check.fall}, now_);
  c.streak = success == c.streak_of_successes ? c.streak + 1 : 1;
  c.streak_of_successes = success;
  const bool same = (c.active.status == status::up) == success;
  c.complete |= same && c.streak >= (success ? check.rise : check.fall);
  c.complete |= !success && c.active.status == status::down;
  const auto pause = c.complete ? probe_interval(c.active, check) : 500ms;
  arm(node, server, jittered(pause, static_cast<uint32_t>(random_())));
  give(node, probed{"app", server, c.active.status, c.complete, "probe"});
}

// -- membership ---------------------------------------------------------------

bool model_cluster::connected(const std::string& a,
                              const std::string& b) const {
  const auto group = [this](const std::string& x) {
    const auto found = groups_.find(x);
    return found == groups_.end() ? 0 : found->second;
  };
  return group(a) == group(b);
}

/// Sooner or later the node believes what is so now, unless it changes again.
void model_cluster::look_around(const std::string& node) {
  if (!runs(node))
    return;
  for (const auto& peer : names_) {
    if (peer == node)
      continue;
    const bool there = connected(node, peer) && runs(peer)
                    && members_.at(peer).stopped_until <= now_;
    const auto delay = there ? 50ms + upto(500ms) : 2'000ms + upto(1'000ms);
    at_node(node, delay, [this, node, peer, there] {
      const bool now = connected(node, peer) && runs(peer)
                    && members_.at(peer).stopped_until <= now_;
      if (now == there)
        believe(node, peer, there);
    });
  }
  tell_view(node);
}

void model_cluster::believe(const std::string& node, const std::string& peer,
                            bool alive) {
  auto& x = members_.at(node);
  const bool changed =
    alive ? x.alive.insert(peer).second : x.alive.erase(peer) > 0;
  if (!changed)
    return;
  tell_view(node);
  if (alive)
    give(node, joined{peer});
}

/// The majority is lost or regained after 3 s, the first time at once.
void model_cluster::tell_view(const std::string& node) {
  auto& x = members_.at(node);
  const auto seen = [this, node] {
    return 2 * members_.at(node).alive.size() > names_.size();
  };
  if (seen() && !x.had_majority)
    x.majority = x.had_majority = true;
  const auto number = ++x.view_number;
  if (seen() != x.majority)
    at_node(node, 3s, [this, node, number, seen] {
      auto& x = members_.at(node);
      if (x.view_number != number || seen() == x.majority)
        return;
      x.majority = seen();
      tell_view(node);
    });
  give(node, view_changed{{x.alive.begin(), x.alive.end()}, x.majority});
}

} // namespace troupe::cluster::observations
