// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/data_path/listener.hpp"
#include "actors/runtime/restart_limit.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actors {

/// The parts of a worker. Owned by its thread, so that they outlive a worker
/// actor that failed because of a bug; touched by that thread only.
struct worker_state final : net::backend_reporter {
  worker_state(net::loop& l, unsigned index, net::access_log& log,
               connection_limit& limit, uint64_t seed)
    : context(l, index, log, limit, seed) {}
  ~worker_state();

  void report_failure(const std::string& backend, const std::string& server,
                      bool on_connect, unsigned failures) override;
  void report_address(const std::string& backend, const std::string& server,
                      const endpoint& address) override;
  void retire(const std::string& backend, snapshot_ptr snapshot) override;

  struct backend {
    net::local_ptr<net::backend_slot> slot;
    router_actor router;
    health_actor health;
  };

  struct frontend {
    net::local_ptr<net::frontend_slot> slot;
    net::local_ptr<connection_group> group;
    int descriptor = -1;
    std::shared_ptr<accept_spread> spread;
    listener_actor listener;
    std::optional<drain_listener> draining; ///< its last instruction
  };

  /// Requests and streams on a server that a configuration has removed, or at
  /// an address it had before: they may finish until `deadline` (rules 21, 34).
  struct removed_server {
    std::shared_ptr<server_live> server;
    endpoint address;
    time_point deadline;
  };

  worker_context context;
  std::map<std::string, backend> backends;
  /// By frontend_key(); those that drain under a key of their own.
  std::map<std::string, frontend> frontends;
  uint64_t closed = 0; ///< frontends told to drain so far
  std::vector<removed_server> removed;
  milliseconds drain_timeout{30'000};
  bool ending = false; ///< there is no actor left to report to
};

/// A frontend that moves to another address is a new one beside the old.
std::string frontend_key(const frontend_settings& settings);

/// The worker actor: keeps its thread's backends and listeners as the
/// supervisor wants them, and passes on what sessions learn.
class worker final : public hosted<worker_actor::base, actor_kind::worker>,
                     private net::loop_client {
public:
  worker(caf::actor_config& cfg, worker_state& state,
         supervisor_actor supervisor);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  // -- messages --
  void attach(const attach_backend& message);
  void publish(const publish_snapshot& message);
  void forget(const backend_gone& message);
  void open(const open_frontend& message);
  void update(const update_frontend& message);
  void close(const close_frontend& message);
  void ended(const listener_ended& message);
  void stop(const stop_worker& message);
  connection_list connections(const list_connections& message) const;
  actor_list actors() const;
  void close_one(const close_connection& message);

  // -- loop_client --
  void on_timer() override;
  /// Buffers are scarce: connections that rest give theirs up (rule 24).
  void on_ready() override;

  /// The plan with this worker's backends, or null, said in the log.
  net::local_ptr<net::held_plan> hold(const plan_ptr& plan) const;
  void start_listener(worker_state::frontend& frontend);
  void listener_died(const caf::down_msg& down);
  void drain(worker_state::frontend& frontend, const drain_listener& message);
  void note_removed(const std::vector<server_route>& before,
                    const net::backend_slot& slot);
  void await_removed();
  void leave_servers(const backend_snapshot& before,
                     const backend_snapshot& now);
  void stopped_if_done();
  template <class F>
  void for_each_connection(F&& visit) const;

  worker_state& state_;
  supervisor_actor supervisor_;
  net::client_token timer_;
  restart_limit restarts_;
  bool stopping_ = false;
};

} // namespace troupe::actors
