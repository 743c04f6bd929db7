// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_membership_random

#include "core/cluster/membership.hpp"

#include "caf_test.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>

using namespace std::chrono_literals;

namespace troupe::cluster::membership {

namespace {

using strings = std::vector<std::string>;

/// Nodes whose links carry in order, each link with a delay of its own: what is
/// said on one overtakes what is said on another.
class cluster_run {
public:
  cluster_run(uint64_t seed, size_t size) : random_(seed) {
    for (size_t n = 1; n <= size; ++n)
      names_.push_back("lb" + std::to_string(n));
    for (const auto& name : names_)
      at(now_ + upto(300ms), [this, name] { start(name); });
  }

  void run(milliseconds time) {
    const auto end = now_ + time;
    while (!events_.empty() && events_.begin()->first <= end) {
      auto first = events_.extract(events_.begin());
      now_ = std::max(now_, first.key());
      first.mapped()();
    }
    now_ = end;
  }

  void start(const std::string& name) {
    auto& x = nodes_[name];
    x = {};
    x.mind = std::make_unique<machine>(
      identity{name, "prod", random_(), "test", random_()});
    x.life = ++lives_;
    give(name, nodes_changed{names_});
  }

  /// The kernel tells the peers sooner or later.
  void kill(const std::string& name) {
    nodes_.at(name).mind.reset();
    nodes_.at(name).peers.clear();
    for (auto it = links_.begin(); it != links_.end();) {
      auto& [number, x] = *it;
      const bool ends = x.ends.contains(name);
      if (ends)
        for (const auto& end : x.ends)
          if (end != name)
            deliver(end, x, link_closed{number, "reset"});
      it = ends ? links_.erase(it) : std::next(it);
    }
  }

  void cut(const std::string& a, const std::string& b) {
    cuts_.insert({a, b});
    cuts_.insert({b, a});
  }
  void heal() { cuts_.clear(); }

  void set_listener(std::function<void(const std::string&, const left&)> f) {
    on_left_ = std::move(f);
  }

  const std::string& any() { return names_[random_() % names_.size()]; }
  const strings& names() const { return names_; }
  const view& seen(const std::string& name) {
    return nodes_.at(name).mind->now_seen();
  }
  const std::set<std::string>& peers(const std::string& name) {
    return nodes_.at(name).peers;
  }
  bool runs(const std::string& name) { return !!nodes_[name].mind; }
  size_t links() const { return links_.size(); }

private:
  struct node {
    std::unique_ptr<machine> mind;
    uint64_t life = 0;
    uint64_t alarm = 0; ///< number of the newest `wake`
    std::set<std::string> peers;
  };
  struct wire {
    std::set<std::string> ends;
    milliseconds delay{};
    std::map<std::string, time_point> busy; ///< by receiver
  };

  milliseconds upto(milliseconds max) {
    return milliseconds{
      static_cast<int64_t>(random_() % static_cast<uint64_t>(max.count() + 1))};
  }

  void at(time_point when, std::function<void()> what) {
    events_.emplace(when, std::move(what));
  }

  void give(const std::string& name, const input& in) {
    auto& x = nodes_.at(name);
    if (!x.mind)
      return;
    for (auto& effect : x.mind->step(in, now_))
      std::visit([&](auto& what) { perform(name, what); }, effect);
  }

  /// In order on one link; lost if the receiver has another life by then.
  void deliver(const std::string& to, wire& over, input in) {
    auto& busy = over.busy[to];
    busy = std::max(busy, now_ + over.delay + upto(5ms));
    at(busy, [this, to, life = nodes_.at(to).life, in = std::move(in)] {
      if (nodes_.at(to).life == life)
        give(to, in);
    });
  }

  static std::string other(const wire& x, const std::string& name) {
    return *x.ends.begin() == name ? *x.ends.rbegin() : *x.ends.begin();
  }

  void perform(const std::string& name, dial& x) {
    wire fresh{{name, x.peer}, 1ms + upto(40ms), {}};
    if (!runs(x.peer) || cuts_.contains({name, x.peer})) {
      deliver(name, fresh, dial_failed{x.peer, "connection refused"});
      return;
    }
    const auto number = ++made_;
    auto& placed = links_.emplace(number, std::move(fresh)).first->second;
    deliver(name, placed, link_opened{number, x.peer, true});
    deliver(x.peer, placed, link_opened{number, name, false});
  }

  void perform(const std::string& name, link_send& x) {
    const auto found = links_.find(x.link);
    if (found == links_.end())
      return;
    const auto to = other(found->second, name);
    if (!cuts_.contains({name, to}))
      deliver(to, found->second, received{x.link, x.body});
  }

  void perform(const std::string& name, close_link& x) {
    const auto found = links_.find(x.link);
    if (found == links_.end())
      return;
    const auto to = other(found->second, name);
    if (!cuts_.contains({name, to}))
      deliver(to, found->second, link_closed{x.link, "closed by " + name});
    links_.erase(found);
  }

  void perform(const std::string& name, joined& x) {
    CAF_CHECK(nodes_.at(name).peers.insert(x.peer).second);
  }
  void perform(const std::string& name, left& x) {
    CAF_CHECK_EQUAL(nodes_.at(name).peers.erase(x.peer), 1u);
    if (on_left_)
      on_left_(name, x);
  }
  void perform(const std::string&, turned_away&) {}
  void perform(const std::string&, view&) {}
  void perform(const std::string&, event&) {}

  void perform(const std::string& name, wake& x) {
    auto& self = nodes_.at(name);
    at(std::max(x.at, now_),
       [this, name, life = self.life, alarm = ++self.alarm] {
         if (auto& x = nodes_.at(name); x.life == life && x.alarm == alarm)
           give(name, tick{});
       });
  }

  std::mt19937_64 random_;
  strings names_;
  std::map<std::string, node> nodes_;
  std::map<uint64_t, wire> links_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::multimap<time_point, std::function<void()>> events_;
  std::function<void(const std::string&, const left&)> on_left_;
  time_point now_ = time_point{} + 1h;
  uint64_t made_ = 0;
  uint64_t lives_ = 0;
};

void check_whole(cluster_run& c, uint64_t seed) {
  for (const auto& name : c.names()) {
    CAF_CHECK_EQUAL(c.seen(name).alive.size(), c.names().size());
    CAF_CHECK_EQUAL(c.peers(name).size(), c.names().size() - 1);
    CAF_CHECK(c.seen(name).has_majority);
  }
  const auto pairs = c.names().size() * (c.names().size() - 1) / 2;
  if (c.links() != pairs)
    CAF_ERROR("seed " << seed << ": " << c.links() << " links");
}

} // namespace

CAF_TEST(nodes that start together join once and stay) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    cluster_run c{seed, 2 + seed % 6};
    c.set_listener([&](const std::string& name, const left& x) {
      CAF_ERROR("seed " << seed << ": " << name << " lost " << x.peer);
    });
    c.run(20s);
    check_whole(c, seed);
  }
}

CAF_TEST(whatever happens all are one again 12 s after it ended) {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    cluster_run c{seed, 2 + seed % 6};
    std::mt19937_64 nemesis{seed};
    c.run(1s);
    for (int n = 0; n < 20; ++n) {
      const auto name = c.any();
      switch (nemesis() % 5) {
      case 0:
        if (c.runs(name))
          c.kill(name);
        break;
      case 1:
        if (!c.runs(name))
          c.start(name);
        break;
      case 2:
      case 3:
        c.cut(name, c.any());
        break;
      default:
        c.heal();
      }
      c.run(milliseconds{nemesis() % 4'000});
    }
    c.heal();
    for (const auto& name : c.names())
      if (!c.runs(name))
        c.start(name);
    c.run(12s);
    check_whole(c, seed);
  }
}

} // namespace troupe::cluster::membership
