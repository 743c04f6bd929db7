// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/cluster_actors.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace troupe::actors {

namespace {

bool has_variable(const std::string& address) {
  return address.find("${") != std::string::npos;
}

} // namespace

cluster_actors::cluster_actors(actor_host& host, cluster_parts parts,
                               supervisor_actor supervisor,
                               std::function<metrics_actor()> metrics,
                               std::function<config_actor()> config,
                               std::function<admin_actor()> admin)
  : host_(host), parts_(std::move(parts)), supervisor_(std::move(supervisor)),
    metrics_(std::move(metrics)), config_(std::move(config)),
    admin_(std::move(admin)), committed_(parts_.committed),
    applied_(parts_.running.record) {}

void cluster_actors::start(
  const apply_settings& initial,
  std::function<void(const caf::actor_addr&)> spawned) {
  spawned_ = std::move(spawned);
  running_ = initial;
  spawn_membership();
  spawn_observations();
  spawn_operators();
  tell_nodes();
}

void cluster_actors::serve() {
  spawn_register();
  caf::anon_send(membership_, introduce_peers{});
}

bool cluster_actors::replace(const caf::actor_addr& dead) {
  if (membership_.address() == dead) {
    // Its links went with it; whoever returns joins anew.
    for (const auto& node : nodes_.nodes) {
      caf::anon_send(observations_, peer_left{node.name});
      caf::anon_send(register_, peer_left{node.name});
      caf::anon_send(operators_, peer_left{node.name});
    }
    spawn_membership();
  } else if (observations_.address() == dead)
    spawn_observations();
  else if (register_.address() == dead)
    spawn_register();
  else if (operators_.address() == dead)
    spawn_operators();
  else
    return false;
  tell_nodes();
  caf::anon_send(membership_, introduce_peers{});
  return true;
}

void cluster_actors::spawn_membership() {
  membership_parts parts;
  parts.self = {parts_.node, parts_.settings.name, parts_.incarnation,
                parts_.build, parts_.incarnation};
  parts.make_links = parts_.make_links;
  parts.observations = [self = shared_from_this()] {
    return self->observations_;
  };
  parts.config_register = [self = shared_from_this()] {
    return self->register_;
  };
  parts.operators = [self = shared_from_this()] { return self->operators_; };
  parts.metrics = metrics_;
  parts.admin = admin_;
  membership_ = spawn_on<membership_keeper>(host_, std::move(parts));
  // Who is in the file and not in the record may still have to learn that.
  caf::anon_send(membership_, cluster_nodes{parts_.settings.nodes});
  spawned_(membership_.address());
}

void cluster_actors::spawn_observations() {
  observations_parts parts;
  parts.self = {parts_.node, parts_.incarnation};
  parts.memory = parts_.verdicts;
  parts.membership = [self = shared_from_this()] { return self->membership_; };
  observations_ = spawn_on<observations_keeper>(host_, std::move(parts));
  spawned_(observations_.address());
}

void cluster_actors::spawn_register() {
  register_parts parts;
  parts.self = {parts_.node, parts_.settings.name, parts_.incarnation};
  parts.file = parts_.file;
  parts.parse = shared_text_of;
  parts.keep_nodes = parts_.keep_nodes;
  parts.state = parts_.register_state;
  parts.membership = [self = shared_from_this()] { return self->membership_; };
  parts.config = config_;
  parts.committed = [self = shared_from_this()](record_ptr x,
                                                const auto& left_behind) {
    self->commit(std::move(x), left_behind);
  };
  parts.metrics = metrics_;
  register_ = spawn_on<register_keeper>(host_, std::move(parts));
  spawned_(register_.address());
}

void cluster_actors::spawn_operators() {
  operators_parts parts;
  parts.node = parts_.node;
  parts.state = parts_.operators_state;
  parts.membership = [self = shared_from_this()] { return self->membership_; };
  parts.supervisor = supervisor_;
  operators_ = spawn_on<operators_keeper>(host_, std::move(parts));
  caf::anon_send(operators_, running_);
  spawned_(operators_.address());
}

config_actor cluster_actors::spawn_config(metrics_actor metrics) {
  return spawn_on<shared_config_keeper>(
    host_, parts_.source, supervisor_,
    [self = shared_from_this()] { return self->register_; }, std::move(metrics),
    running_shared{running_.next, applied_});
}

void cluster_actors::configure(const apply_settings& running) {
  running_ = running;
  if (committed_ && committed_->at.generation == running.generation)
    applied_ = committed_;
  caf::anon_send(operators_, running_);
  tell_nodes();
}

/// Who votes follows what is committed, also while this node cannot run it.
void cluster_actors::commit(
  record_ptr what, const cluster::config_register::node_list& left_behind) {
  committed_ = std::move(what);
  nodes_.left_behind.clear();
  for (const auto& node : left_behind)
    if (!has_variable(node.address))
      nodes_.left_behind.push_back({node.name, node.address});
  tell_nodes();
}

void cluster_actors::tell_nodes() {
  nodes_.nodes = running_.next->cluster.nodes;
  nodes_.list.clear();
  if (committed_) {
    nodes_.list = "generation " + std::to_string(committed_->at.generation)
                + " of " + parts_.settings.name;
    // A record has addresses as they were written; variables in them are known
    // once the configuration runs here.
    const auto known = std::exchange(nodes_.nodes, {});
    for (const auto& node : committed_->nodes) {
      const auto found =
        std::find_if(known.begin(), known.end(),
                     [&](const auto& x) { return x.name == node.name; });
      const bool as_written =
        !has_variable(node.address) || found == known.end();
      nodes_.nodes.push_back(
        {node.name, as_written ? node.address : found->address});
    }
  }
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
  // Held by those whom these find.
  metrics_ = [] { return metrics_actor{}; };
  config_ = [] { return config_actor{}; };
  admin_ = [] { return admin_actor{}; };
}

} // namespace troupe::actors
