// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "actors/metrics/metric_families.hpp"
#include "actors/runtime/hosted.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// Where the figures come from that no message carries. All of it is read on
/// the control loop, at a scrape only.
struct metrics_sources {
  std::vector<const actor_host*> hosts; ///< outlive the actor
  std::function<uint64_t()> log_dropped;
  std::function<uint64_t()> buffer_bytes;
  std::function<std::vector<loop_stall>()> loop_stalls;
  /// Of the node's links; unset without a cluster.
  std::function<void(cluster_figures&)> links;
  std::string version;
  std::chrono::system_clock::time_point started;
  uint64_t generation = 1; ///< in force when the actor starts
};

/// The metrics actor: keeps the newest snapshot of every backend and the
/// frontends, and gathers them with everything else at a scrape. The text is
/// for others to write.
class metrics_collector final
  : public hosted<metrics_actor::base, actor_kind::metrics> {
public:
  metrics_collector(caf::actor_config& cfg, metrics_sources sources);

  behavior_type make_behavior() override;

private:
  scrape_view gather() const;
  void take_outcome(const config_outcome& message);
  node_figures read_node() const;

  const metrics_sources sources_;
  std::map<std::string, snapshot_ptr> backends_;
  frontends_changed frontends_;
  reload_totals config_;
  cluster_figures cluster_;
};

} // namespace troupe::actors
