// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/observations.hpp"
#include "core/cluster/operators.hpp"
#include "world.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace sim {

/// What probes find, and what must follow from it.
struct landscape {
  struct server {
    std::string name;
    uint64_t id = 0;
    /// What the cluster must say of it all the time, whatever happens to
    /// nodes.
    std::optional<troupe::status> always;
  };
  std::vector<std::string> nodes;
  std::vector<server> servers;
  std::set<std::pair<std::string, std::string>> unreachable; ///< node, server
  std::set<std::string> isolated; ///< reach neither servers nor the others

  bool reaches(const std::string& node, const std::string& server) const {
    return !isolated.contains(node) && !unreachable.contains({node, server});
  }
};

/// Sees every step of a run and says what must not be.
class observations_checker {
public:
  observations_checker(const world& w, const landscape& land)
    : world_(w), land_(land) {}

  /// After a step of that node.
  void stepped(const std::string& node,
               const troupe::cluster::observations::machine& x,
               time_point local);

  /// What the node makes of all it knows about that server.
  void concluded(const std::string& node, const std::string& server, bool used);

  /// Its router hears that verdicts count no more, and again do.
  void lost_majority(const std::string& node, const std::string& server,
                     bool used) {
    kept_[{node, server}] = used;
  }
  void has_majority(const std::string& node);

  /// A server changes for all.
  void changed(const std::string& server) { changed_[server] = world_.now(); }

  /// Its process begins.
  void started(const std::string& node) { started_[node] = world_.now(); }

  /// Its traffic to that server failed, whatever probes find.
  void traffic_failed(const std::string& node, const std::string& server) {
    doubted_[{node, server}] = world_.now();
  }

  /// What the node has learned and held is gone.
  void crashed(const std::string& node);

  /// It sees, or has not seen since, a majority.
  void majority(const std::string& node, bool seen);

  /// It was stopped: it could not know.
  void resumed(const std::string& node);

  /// From here on its verdict is checked again.
  void exempt(const std::string& node, time_point until) {
    exempt_[node] = until;
  }

  /// Before the network takes it.
  void told(const std::string& node, const std::string& body);
  /// A message of observations leaves this node.
  void told_observations(const std::string& node, const std::string& body);
  void commanded(const std::string& node, uint64_t request,
                 const troupe::cluster::operators::server_key& of,
                 troupe::cluster::operators::version at);
  void answered(const std::string& node,
                const troupe::cluster::operators::answer& x);

  /// A disk is lost: from here on a version may come twice.
  void wiped() { wiped_ = true; }

  /// Every command has its answer, and what was answered holds.
  /// @param dead Nodes that took what only they held with them.
  void end(const std::string& node,
           const troupe::cluster::operators::snapshot& x,
           const std::set<std::string>& dead);

  void fail(std::string text);
  const std::string& failure() const noexcept { return failure_; }
  size_t flips() const noexcept { return flips_; }
  size_t wishes() const noexcept { return requests_.size(); }

private:
  struct request {
    std::string node;
    troupe::cluster::operators::server_key of;
    troupe::cluster::operators::version at;
    std::vector<std::string> in_force; ///< as answered
    bool answered = false;
    bool void_ = false; ///< the node that would answer crashed
  };

  bool is_exempt(const std::string& node) const;
  void check_kept(const std::string& node, const std::string& server,
                  bool used);
  void forget_votes(const std::string& node);
  void check_verdicts(const std::string& node,
                      const troupe::cluster::observations::machine& x,
                      time_point local);
  void check_order(const std::string& node,
                   const troupe::cluster::observations::machine& x,
                   time_point local);

  template <class Times, class Key>
  bool lately(const Times& all, const Key& key, milliseconds within) const {
    const auto found = all.find(key);
    return found != all.end() && world_.now() - found->second < within;
  }

  const world& world_;
  const landscape& land_;
  std::map<std::string, time_point> exempt_;
  std::map<std::string, time_point> started_;
  std::map<std::string, time_point> resumed_;                ///< after a stop
  std::map<std::string, time_point> changed_;                ///< servers
  std::map<std::pair<std::string, std::string>, bool> kept_; ///< as was used
  std::map<std::pair<std::string, std::string>, time_point> doubted_;
  std::map<std::string, time_point> no_majority_since_;
  std::map<std::string, time_point> returned_; ///< to a majority, last
  std::map<std::pair<std::string, std::string>, troupe::status> said_;
  /// Newest of each observer that a node has held, by (node, server, observer).
  std::map<std::tuple<std::string, std::string, std::string>,
           troupe::cluster::observations::held_observation>
    newest_;
  std::map<troupe::cluster::operators::version,
           troupe::cluster::operators::entry>
    versions_;
  std::map<uint64_t, request> requests_;
  bool wiped_ = false;
  size_t flips_ = 0;
  size_t steps_ = 0;
  std::string failure_;
};

} // namespace sim
