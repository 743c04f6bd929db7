// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/cluster_actors.hpp"

#include "actors/cluster/observations_keeper.hpp"

#include <caf/send.hpp>

#include <utility>

namespace troupe::actors {

cluster_actors::cluster_actors(actor_host& host, cluster_parts parts,
                               supervisor_actor supervisor,
                               std::function<metrics_actor()> metrics,
                               std::function<config_actor()> config)
  : host_(host), parts_(std::move(parts)), supervisor_(std::move(supervisor)),
    metrics_(std::move(metrics)),
    config_(std::move(config)), nodes_{parts_.settings.nodes} {}

void cluster_actors::start(
  std::function<void(const caf::actor_addr&)> spawned) {
  spawned_ = std::move(spawned);
  spawn_membership();
  spawn_observations();
  spawn_register();
  spawn_operators();
}

bool cluster_actors::replace(const caf::actor_addr& dead) {
  if (membership_.address() == dead)
    spawn_membership();
  else if (observations_.address() == dead)
    spawn_observations();
  else if (register_.address() == dead)
    spawn_register();
  else if (operators_.address() == dead)
    spawn_operators();
  else
    return false;
  return true;
}

void cluster_actors::spawn_membership() {
  membership_parts parts;
  parts.self = {parts_.node, parts_.settings.name, parts_.incarnation,
                parts_.build, parts_.incarnation};
  parts.make_links = parts_.make_links;
  parts.observations = [this] { return observations_; };
  parts.agreed = [this] { return register_; };
  parts.operators = [this] { return operators_; };
  parts.metrics = metrics_;
  membership_ = spawn_on<membership_keeper>(host_, std::move(parts));
  caf::anon_send(membership_, nodes_);
  spawned_(membership_.address());
}

void cluster_actors::spawn_observations() {
  observations_parts parts;
  parts.self = {parts_.node, parts_.incarnation};
  parts.membership = [this] { return membership_; };
  observations_ = spawn_on<observations_keeper>(host_, std::move(parts));
  caf::anon_send(observations_, nodes_);
  spawned_(observations_.address());
}

void cluster_actors::spawn_register() {
  register_parts parts;
  parts.self = {parts_.node, parts_.settings.name, parts_.incarnation};
  parts.file = parts_.file;
  parts.parse = shared_text_of;
  parts.keep_nodes = parts_.keep_nodes;
  parts.state = parts_.register_state;
  parts.membership = [this] { return membership_; };
  parts.config = config_;
  parts.metrics = metrics_;
  register_ = spawn_on<register_keeper>(host_, std::move(parts));
  spawned_(register_.address());
}

void cluster_actors::spawn_operators() {
  operators_parts parts;
  parts.node = parts_.node;
  parts.state = parts_.operators_state;
  parts.membership = [this] { return membership_; };
  parts.supervisor = supervisor_;
  operators_ = spawn_on<operators_keeper>(host_, std::move(parts));
  spawned_(operators_.address());
}

config_actor
cluster_actors::spawn_config(std::shared_ptr<const settings> running,
                             metrics_actor metrics) {
  // After a restart the register publishes the record in force again.
  parts_.running.settings = std::move(running);
  return spawn_on<shared_config_keeper>(
    host_, parts_.source, supervisor_, [this] { return register_; },
    [this] { return operators_; }, std::move(metrics), parts_.running);
}

void cluster_actors::configure(const settings& running) {
  nodes_.nodes = running.cluster.nodes;
  caf::anon_send(membership_, nodes_);
  caf::anon_send(observations_, nodes_);
}

void cluster_actors::end() {
  caf::anon_send(membership_, leave_cluster{});
  for (const auto& x : {caf::actor_cast<caf::actor>(operators_),
                        caf::actor_cast<caf::actor>(register_),
                        caf::actor_cast<caf::actor>(observations_),
                        caf::actor_cast<caf::actor>(membership_)})
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  supervisor_ = nullptr;
  membership_ = nullptr;
  observations_ = nullptr;
  register_ = nullptr;
  operators_ = nullptr;
}

} // namespace troupe::actors
