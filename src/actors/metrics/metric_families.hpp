// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/links.hpp"
#include "actors/metrics/metric_series.hpp"
#include "actors/metrics/process_usage.hpp"
#include "actors/runtime/actor_host.hpp"
#include "core/live.hpp"
#include "core/snapshot.hpp"

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

/// From counters and snapshots to Prometheus families (docs/metrics.md): pure
/// reading, no actor is asked; on any thread. Every series stands at 0 from the
/// start and goes with the thing it is about; counters survive reloads.
namespace troupe::actors {

/// The few families of the node itself.
using family_list = std::vector<prometheus::MetricFamily>;

/// The longest turn a loop took lately.
struct loop_stall {
  std::string where; ///< "control" or "worker 0"
  double seconds = 0;
};

/// How reloads went since the start.
struct reload_totals {
  uint64_t generation = 1;
  uint64_t success = 0;
  uint64_t failure = 0;
  bool last_ok = true;             ///< the start counts as one
  double last_success_seconds = 0; ///< Unix time
};

/// The cluster as this node sees it; alone, a cluster of one.
struct cluster_figures {
  uint64_t alive = 1; ///< this node included
  uint64_t suspect = 0;
  uint64_t gone = 0;
  bool has_majority = true;
  bool voter = true;
  uint64_t generation = 0; ///< committed; 0 without a cluster
  uint64_t epoch = 0;
  link_counters links;
  int64_t certificate_expires = 0; ///< Unix time; 0 without TLS
};

/// Actors of one kind on all loops.
struct kind_figures {
  uint64_t alive = 0;
  uint64_t handled = 0;
  uint64_t backlog = 0;
  uint64_t restarted = 0;
};

/// The figures of the node itself at the moment of a scrape.
struct node_figures {
  std::string version;
  double start_seconds = 0; ///< Unix time
  reload_totals config;
  cluster_figures cluster;
  std::array<kind_figures, actor_kind_count> actors;
  uint64_t log_dropped = 0;
  uint64_t buffer_bytes = 0;
  std::vector<loop_stall> stalls;
  process_usage process;
};

/// The sources of the families of frontends, backends and servers. They must
/// outlive them.
using frontend_span = std::span<const std::shared_ptr<frontend_live>>;
using route_span = std::span<const std::shared_ptr<route_live>>;
using backend_span = std::span<const snapshot_ptr>;

struct server_ref {
  const backend_snapshot* backend;
  const server_route* server;
};
using server_span = std::span<const server_ref>;

/// @param frontends Each pair (frontend, backend) at most once.
/// @param routes Those that have a name and served a request.
void add_frontend_families(streamed_families& to, frontend_span frontends,
                           route_span routes);

/// @param frontends Each frontend once.
void add_client_families(streamed_families& to, frontend_span frontends);

/// @param backends Newest snapshots with all live parts set; each name once.
/// @param servers All of theirs.
void add_backend_families(streamed_families& to, backend_span backends,
                          server_span servers);

/// Node, actors, process and cluster.
void add_node_families(family_list& to, const node_figures& node);

} // namespace troupe::actors
