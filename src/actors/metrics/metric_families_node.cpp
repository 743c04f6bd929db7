// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/metric_families.hpp"
#include "actors/metrics/metric_family.hpp"

namespace troupe::actors {

namespace {

void add_gauge(family_list& to, std::string name, std::string help,
               double value) {
  auto family = metric_family::gauge(std::move(name), std::move(help));
  family.add({}, value);
  to.push_back(std::move(family).take());
}

void add_counter(family_list& to, std::string name, std::string help,
                 double value) {
  auto family = metric_family::counter(std::move(name), std::move(help));
  family.add({}, value);
  to.push_back(std::move(family).take());
}

void add_config(family_list& to, const reload_totals& config) {
  add_gauge(to, "troupe_config_generation",
            "Generation of the configuration this node runs",
            static_cast<double>(config.generation));
  auto reloads = metric_family::counter("troupe_config_reloads_total",
                                        "Reloads asked for, by result");
  reloads.add({{"result", "success"}}, static_cast<double>(config.success));
  reloads.add({{"result", "failure"}}, static_cast<double>(config.failure));
  to.push_back(std::move(reloads).take());
  add_gauge(to, "troupe_config_last_reload_successful",
            "1 if the last load of the configuration was applied",
            config.last_ok ? 1 : 0);
  add_gauge(to, "troupe_config_last_reload_success_timestamp_seconds",
            "Unix time of the last load that was applied",
            config.last_success_seconds);
}

void add_cluster(family_list& to, const cluster_figures& cluster) {
  auto nodes = metric_family::gauge("troupe_cluster_nodes",
                                    "Nodes of the cluster as this one sees "
                                    "them; without a cluster, itself");
  nodes.add({{"state", "alive"}}, static_cast<double>(cluster.alive));
  nodes.add({{"state", "suspect"}}, static_cast<double>(cluster.suspect));
  nodes.add({{"state", "gone"}}, static_cast<double>(cluster.gone));
  to.push_back(std::move(nodes).take());
  add_gauge(to, "troupe_cluster_has_majority",
            "1 if this node sees a majority; 1 without a cluster",
            cluster.has_majority ? 1 : 0);
  add_gauge(to, "troupe_cluster_voter",
            "1 if this node may vote on configurations; 1 without a cluster",
            cluster.voter ? 1 : 0);
  add_gauge(to, "troupe_cluster_generation",
            "Generation the cluster has committed; 0 without a cluster",
            static_cast<double>(cluster.generation));
  add_gauge(to, "troupe_cluster_epoch",
            "Epoch of the committed configuration; 0 without a cluster",
            static_cast<double>(cluster.epoch));
}

void add_links(family_list& to, const cluster_figures& cluster) {
  const auto& x = cluster.links;
  add_gauge(to, "troupe_cluster_links", "Links to other nodes that are open",
            static_cast<double>(x.open));
  add_counter(to, "troupe_cluster_links_opened_total",
              "Links to other nodes that were established",
              static_cast<double>(x.opened));
  auto refused = metric_family::counter("troupe_cluster_links_refused_total",
                                        "Links that were refused, or closed "
                                        "because of the other side, by reason");
  refused.add({{"reason", "handshake"}}, static_cast<double>(x.refused));
  refused.add({{"reason", "guard"}}, static_cast<double>(x.guard_refusals));
  to.push_back(std::move(refused).take());
  add_counter(to, "troupe_cluster_dials_failed_total",
              "Dials of other nodes that failed",
              static_cast<double>(x.dials_failed));
  const auto both = [&](const char* name, const char* help, uint64_t sent,
                        uint64_t received) {
    auto family = metric_family::counter(name, help);
    family.add({{"direction", "sent"}}, static_cast<double>(sent));
    family.add({{"direction", "received"}}, static_cast<double>(received));
    to.push_back(std::move(family).take());
  };
  both("troupe_cluster_messages_total", "Messages between this node and others",
       x.messages_sent, x.messages_received);
  both("troupe_cluster_bytes_total",
       "Bytes between this node and others, without TLS and TCP", x.bytes_sent,
       x.bytes_received);
  add_gauge(to, "troupe_cluster_certificate_expiry_timestamp_seconds",
            "Unix time until which this node's certificate for links is valid; "
            "0 without TLS",
            static_cast<double>(cluster.certificate_expires));
}

void add_actors(family_list& to, const node_figures& node) {
  auto alive = metric_family::gauge("troupe_actors", "Actors alive");
  auto handled = metric_family::counter("troupe_actor_messages_total",
                                        "Messages handled by actors");
  auto depth = metric_family::gauge("troupe_actor_mailbox_depth",
                                    "Messages that wait in mailboxes");
  auto restarts = metric_family::counter("troupe_actor_restarts_total",
                                         "Actors that failed and were "
                                         "restarted");
  for (size_t i = 0; i < actor_kind_count; ++i) {
    auto kind = to_string(static_cast<actor_kind>(i));
    const auto& x = node.actors[i];
    alive.add({{"kind", kind}}, static_cast<double>(x.alive));
    handled.add({{"kind", kind}}, static_cast<double>(x.handled));
    depth.add({{"kind", kind}}, static_cast<double>(x.backlog));
    restarts.add({{"kind", kind}}, static_cast<double>(x.restarted));
  }
  to.push_back(std::move(alive).take());
  to.push_back(std::move(handled).take());
  to.push_back(std::move(depth).take());
  to.push_back(std::move(restarts).take());
}

void add_loops(family_list& to, const node_figures& node) {
  auto stalls = metric_family::gauge("troupe_loop_stall_seconds",
                                     "Longest turn of a worker in the last "
                                     "second it ran; for the control and "
                                     "admin loops, how late a timer of 250 ms "
                                     "came");
  for (const auto& x : node.stalls)
    stalls.add({{"loop", x.where}}, x.seconds);
  to.push_back(std::move(stalls).take());
  add_gauge(to, "troupe_buffer_bytes",
            "Bytes held for clients and servers that are slow to read",
            static_cast<double>(node.buffer_bytes));
  add_counter(to, "troupe_log_dropped_total",
              "Lines of the access log lost because writing was too slow",
              static_cast<double>(node.log_dropped));
}

// The names every Prometheus client library uses.
void add_process(family_list& to, const node_figures& node) {
  const auto& x = node.process;
  add_gauge(to, "process_start_time_seconds", "Unix time of the start",
            node.start_seconds);
  add_counter(to, "process_cpu_seconds_total", "Processor time used",
              x.cpu_seconds);
  add_gauge(to, "process_resident_memory_bytes", "Memory in use",
            static_cast<double>(x.resident_bytes));
  add_gauge(to, "process_open_fds", "Open descriptors",
            static_cast<double>(x.open_descriptors));
  add_gauge(to, "process_max_fds", "Descriptors that may be open",
            static_cast<double>(x.descriptors_max));
}

} // namespace

void add_node_families(family_list& to, const node_figures& node) {
  auto build =
    metric_family::gauge("troupe_build_info", "1; the version is in the label");
  build.add({{"version", node.version}}, 1);
  to.push_back(std::move(build).take());
  add_config(to, node.config);
  add_cluster(to, node.cluster);
  add_links(to, node.cluster);
  add_actors(to, node);
  add_loops(to, node);
  add_process(to, node);
}

} // namespace troupe::actors
