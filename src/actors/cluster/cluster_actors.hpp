// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/membership_keeper.hpp"
#include "actors/cluster/observations_keeper.hpp"
#include "actors/cluster/operators_keeper.hpp"
#include "actors/cluster/register_keeper.hpp"
#include "actors/cluster/shared_config.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::actors {

/// The objects that main makes for the cluster's actors; all of them outlive
/// the actors.
struct cluster_parts {
  std::string node;
  std::string build;
  /// Greater than that of every earlier start of this node, and different from
  /// that of every other process.
  uint64_t incarnation = 0;
  cluster_settings settings; ///< as the node starts with
  shared_source source;
  running_shared running;
  /// The newest record it knows, which may be later than what it can run, and
  /// may not list it; none: not formed yet.
  std::shared_ptr<const cluster::config_register::record> committed;
  cluster::config_register::shared_text
    file; ///< the file's own shared sections
  durable_state register_state;
  durable_state operators_state;
  std::shared_ptr<verdict_memory> verdicts;
  std::function<std::shared_ptr<peer_links>(link_events&)> make_links;
  std::function<std::string(const std::string& text,
                            const std::vector<std::string>& nodes)>
    keep_nodes; ///< see register_parts
};

/// The actors a node has only in a cluster: made, found and replaced by the
/// supervisor. The actors find each other here until they end, the last of them
/// after the supervisor has.
class cluster_actors : public std::enable_shared_from_this<cluster_actors> {
public:
  /// @param metrics Called at every use, as `config`.
  cluster_actors(actor_host& host, cluster_parts parts,
                 supervisor_actor supervisor,
                 std::function<metrics_actor()> metrics,
                 std::function<config_actor()> config,
                 std::function<admin_actor()> admin);

  /// Spawns all but the register. @param initial The state that the node starts
  /// with.
  /// @param spawned Called with each actor, to be monitored.
  void start(const apply_settings& initial,
             std::function<void(const caf::actor_addr&)> spawned);

  /// Spawns the register: it asks the config actor, which comes when the node
  /// serves.
  void serve();

  /// Replaces the one that failed; it learns what it missed, except backends.
  /// @returns false if it is none of them.
  bool replace(const caf::actor_addr& dead);

  config_actor spawn_config(metrics_actor metrics);

  /// This configuration is in force now.
  void configure(const apply_settings& running);

  void end();

  const cluster_parts& parts() const noexcept { return parts_; }
  const membership_actor& membership() const noexcept { return membership_; }
  const observations_actor& observations() const noexcept {
    return observations_;
  }
  const register_actor& config_register() const noexcept { return register_; }
  const operators_actor& operators() const noexcept { return operators_; }

private:
  using record_ptr = std::shared_ptr<const cluster::config_register::record>;

  void spawn_membership();
  void spawn_observations();
  void spawn_register();
  void spawn_operators();
  void commit(record_ptr what,
              const cluster::config_register::node_list& left_behind);
  void tell_nodes();

  actor_host& host_;
  cluster_parts parts_;
  supervisor_actor supervisor_;
  std::function<metrics_actor()> metrics_;
  std::function<config_actor()> config_;
  std::function<admin_actor()> admin_;
  std::function<void(const caf::actor_addr&)> spawned_;
  apply_settings running_;
  record_ptr committed_; ///< none: not formed yet
  record_ptr applied_;   ///< none: this node runs its own file
  cluster_nodes nodes_;
  membership_actor membership_;
  observations_actor observations_;
  register_actor register_;
  operators_actor operators_;
};

} // namespace troupe::actors
