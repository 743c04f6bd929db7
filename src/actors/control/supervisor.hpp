// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/cluster_actors.hpp"
#include "actors/control/config_keeper.hpp"
#include "actors/control/router.hpp"
#include "actors/data_path/listen_sockets.hpp"
#include "actors/data_path/worker_thread.hpp"
#include "actors/metrics/metrics.hpp"
#include "actors/runtime/restart_limit.hpp"
#include "api/administrator.hpp"
#include "api/http_servers.hpp"
#include "core/live_registry.hpp"
#include "net/probe/prober.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::actors {

/// The objects that main makes for the supervisor; all of them outlive the
/// actors.
struct node_parts {
  std::vector<std::unique_ptr<worker_thread>>& workers;
  net::prober& prober;
  resolve_function resolve;
  admin_servers& servers;
  metrics_sources metrics;
  config_source config;
  /// Runs a function once on the helper thread (rule 20).
  std::function<void(std::function<void()>)> run_blocking;
  node_facts facts;
  std::shared_ptr<const settings> initial;
  uint64_t initial_hash = 0;
  std::string initial_text = {}; ///< its shared sections; of a node alone
  /// Only on a node of a cluster.
  std::optional<cluster_parts> cluster;
  /// These run from now on: makes those global settings take effect that are
  /// not the actors' own.
  std::function<void(const troupe::settings&, uint64_t generation)> configured;
  /// Once: everything serves, or the problems why not.
  std::function<void(std::vector<std::string> problems)> started;
  /// Once: all workers have ended.
  std::function<void()> stopped;
};

/// The supervisor: starts the other control actors and the workers' actors,
/// restarts what dies, changes everything to a new configuration or nothing,
/// and stops in order (rule 36).
class supervisor final
  : public hosted<supervisor_actor::base, actor_kind::supervisor> {
public:
  supervisor(caf::actor_config& cfg, node_parts parts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using settings_ptr = std::shared_ptr<const settings>;
  using problems = std::vector<std::string>;

  struct backend {
    router_actor router;
    health_actor health;
    std::shared_ptr<const backend_settings> settings;
  };

  /// One configuration on its way from checked to running.
  struct change {
    settings_ptr next;
    uint64_t generation = 0;
    listen_sockets sockets;
    frontend_plans plans; ///< prepared, once they are
    size_t answers_awaited = 0;
    std::function<void(problems)> done;
  };
  using change_ptr = std::shared_ptr<change>;

  /// The sockets that a check has bound, for the change that may follow it.
  struct held {
    settings_ptr settings;
    listen_sockets sockets;
    uint64_t ticket = 0;
  };

  // -- supervisor.cpp: messages, start and restart
  caf::result<apply_result> apply(const apply_settings& message);
  apply_result check(const check_settings_fit& message);
  void remember(const operator_state& message);
  void take_wish(const operator_wish& message);
  void take_evidence(const own_evidence& message);
  void reaches(const std::string& backend);
  void reload(const reload_config& message);
  void start_node();
  void child_died(const caf::down_msg& down);
  bool replace(const caf::actor_addr& dead);
  void spawn_worker_actor(size_t index);
  void spawn_metrics();
  void spawn_config();
  void spawn_admin();
  void tell_readiness();
  void spawn_health(const std::string& name, backend& entry);
  void spawn_router(const std::string& name, backend& entry);
  void respawn_routers();
  router_links links_for(const std::string& name);
  void spawn_cluster();
  void configure_all();

  // -- supervisor_apply.cpp: from one configuration to the next
  void change_to(settings_ptr next, uint64_t generation,
                 std::function<void(problems)> done);
  void prepare_plans(const change_ptr& change);
  void prepared(const plans_prepared& message);
  std::unique_ptr<held> bind(settings_ptr next, problems& found);
  std::unique_ptr<held> take_held(const settings& next);
  void configure_backends(const change_ptr& change);
  void await_peers_of(const change_ptr& change);
  void await_routers(const change_ptr& change);
  void switch_frontends(const change_ptr& change);
  void await_workers(const change_ptr& change);
  void finish_change(const change_ptr& change);
  void attach(const std::string& name, const backend& entry);
  void configure(const std::string& name, const backend& entry);
  void remove_backends();
  void tell_admin();
  template <class T>
  void tell_workers(const T& message);

  // -- supervisor_stop.cpp: rule 36
  void stop(const stop_node& message);
  void stop_workers(milliseconds drain_timeout);
  void worker_ended(const worker_stopped& message);
  void end_children();

  node_parts parts_;
  live_registry live_;
  std::map<std::string, net::plan_ptr> plans_; ///< by frontend_key()
  std::vector<worker_actor> workers_;
  metrics_actor metrics_;
  config_actor config_;
  admin_actor admin_;
  std::shared_ptr<cluster_actors> cluster_;
  std::map<std::string, backend> backends_;
  /// Operators' wishes by (backend, server), for routers that are restarted.
  /// By backend, then by server.
  std::map<std::string, std::unordered_map<std::string, operator_entry>>
    wishes_;
  /// Backends whose servers are up and out of this node's reach.
  std::set<std::string> out_of_reach_;
  std::map<std::string, net::socket_file> socket_files_; ///< by frontend_key()
  settings_ptr running_;
  uint64_t generation_ = 0;
  uint64_t hash_ = 0;
  history_ptr history_; ///< of a node alone; config actors come and go
  restart_limit restarts_;
  std::unique_ptr<held> held_;
  change_ptr preparing_; ///< its plans are
  uint64_t tickets_ = 0;
  bool changing_ = false;
  bool serving_ = false;
  bool stopping_ = false;
  size_t workers_left_ = 0;
};

} // namespace troupe::actors
