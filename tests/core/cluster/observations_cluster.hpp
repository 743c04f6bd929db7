// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/observations.hpp"
#include "core/health.hpp"

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

/// A cluster of observation machines with model health checkers and a model of
/// membership on a lossy network, all from one seed.
namespace troupe::cluster::observations {

class model_cluster {
public:
  model_cluster(uint64_t seed, size_t nodes, size_t servers);

  // -- what may happen -------------------------------------------------------

  /// What probes of this server find, from all nodes or from one.
  void set(const std::string& server, bool reachable);
  void set(const std::string& node, const std::string& server, bool reachable);

  void start(const std::string& node);
  void kill(const std::string& node);

  /// Nothing is done there until then. @param told The process hears of it
  /// before anything else, not after.
  void stop_for(const std::string& node, milliseconds time, bool told);

  /// Nodes of different groups do not hear each other.
  void partition(std::map<std::string, int> groups);
  void heal() { partition({}); }

  /// Of 100 messages.
  unsigned lost = 0;
  unsigned repeated = 0;

  void run(milliseconds time);

  // -- what is seen ----------------------------------------------------------

  const std::vector<std::string>& nodes() const { return names_; }
  const std::vector<std::string>& servers() const { return servers_; }
  bool runs(const std::string& node) const;
  bool settled(const std::string& node) const;
  /// No verdict yet is up.
  status verdict_of(const std::string& node, const std::string& server) const;
  /// Nodes that probe this server now.
  size_t probers(const std::string& server) const;
  /// Called after every step of a node that is settled.
  std::function<void(const std::string& node)> on_step;

private:
  /// As the health checker does it (actors/health_checker.cpp).
  struct checker {
    health active;
    bool assigned = false;
    bool complete = false;
    bool streak_of_successes = false;
    unsigned streak = 0;
    uint64_t ticket = 0;
  };

  struct member {
    std::unique_ptr<machine> mind;
    uint64_t life = 0;
    uint64_t alarm = 0;
    std::map<std::string, checker> checkers;
    std::set<std::string> alive; ///< as it believes
    bool majority = false;
    bool had_majority = false;
    uint64_t view_number = 0;
    time_point stopped_until{};
    bool tell_late = false;
  };

  using action = std::function<void()>;

  void at(time_point when, action what);
  /// Later if the node is stopped, never if it has another life by then.
  void at_node(const std::string& node, milliseconds delay, action what);
  void give(const std::string& node, const input& in);
  void perform(const std::string& node, send& x);
  void perform(const std::string& node, part& x);
  void perform(const std::string&, suspected&) {}
  void perform(const std::string&, hint&) {}
  void perform(const std::string&, verdicts_changed&) {}
  void perform(const std::string&, event&) {}
  void perform(const std::string& node, wake& x);
  void carry(const std::string& from, const std::string& to,
             const std::string& body);
  void arm(const std::string& node, const std::string& server,
           milliseconds delay);
  void probe(const std::string& node, const std::string& server);
  void probe_ended(const std::string& node, const std::string& server,
                   bool success);
  void look_around(const std::string& node);
  void believe(const std::string& node, const std::string& peer, bool alive);
  void tell_view(const std::string& node);
  bool connected(const std::string& a, const std::string& b) const;
  milliseconds upto(milliseconds max);

  std::mt19937_64 random_;
  std::vector<std::string> names_;
  std::vector<std::string> servers_;
  std::map<std::string, member> members_;
  std::map<std::string, int> groups_;
  std::set<std::pair<std::string, std::string>> unreachable_;
  std::multimap<time_point, action> actions_;
  time_point now_ = time_point{} + std::chrono::hours{1};
  uint64_t lives_ = 0;
};

} // namespace troupe::cluster::observations
