// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/metrics.hpp"

#include "actors/metrics/scrape_source.hpp"

#include <utility>

namespace troupe::actors {

namespace {

double unix_seconds(std::chrono::system_clock::time_point x) {
  return std::chrono::duration<double>(x.time_since_epoch()).count();
}

} // namespace

metrics_collector::metrics_collector(caf::actor_config& cfg,
                                     metrics_sources sources)
  : hosted(cfg), sources_(std::move(sources)) {
  config_.generation = sources_.generation;
  config_.last_success_seconds = unix_seconds(sources_.started);
  // In a cluster both have to be heard of first.
  cluster_.has_majority = cluster_.voter = !sources_.links;
}

metrics_collector::behavior_type metrics_collector::make_behavior() {
  return {
    [this](const scrape&) { return gather(); },
    [this](const publish_snapshot& x) {
      backends_[x.snapshot->name] = x.snapshot;
    },
    [this](const backend_gone& x) { backends_.erase(x.name); },
    [this](const frontends_changed& x) { frontends_ = x; },
    [this](const config_outcome& x) { take_outcome(x); },
    [this](const membership_changed& x) {
      cluster_.alive = x.alive;
      cluster_.suspect = x.suspect;
      cluster_.gone = x.gone;
      cluster_.has_majority = x.has_majority;
    },
    [this](const register_changed& x) {
      cluster_.epoch = x.epoch;
      cluster_.generation = x.generation;
      cluster_.voter = x.voter;
    },
  };
}

scrape_view metrics_collector::gather() const {
  std::vector<snapshot_ptr> backends;
  backends.reserve(backends_.size());
  for (const auto& [name, snapshot] : backends_)
    backends.push_back(snapshot);
  return {std::make_shared<scrape_source>(frontends_, std::move(backends),
                                          read_node())};
}

void metrics_collector::take_outcome(const config_outcome& message) {
  config_.generation = message.generation;
  config_.last_ok = message.ok;
  if (message.ok) {
    ++config_.success;
    config_.last_success_seconds =
      unix_seconds(std::chrono::system_clock::now());
  } else {
    ++config_.failure;
  }
}

node_figures metrics_collector::read_node() const {
  node_figures result;
  result.version = sources_.version;
  result.start_seconds = unix_seconds(sources_.started);
  result.config = config_;
  result.cluster = cluster_;
  if (sources_.links)
    sources_.links(result.cluster);
  for (size_t i = 0; i < actor_kind_count; ++i)
    for (const auto* host : sources_.hosts) {
      const auto& totals = host->totals(static_cast<actor_kind>(i));
      result.actors[i].alive += totals.alive.get();
      result.actors[i].handled += totals.handled.get();
      result.actors[i].backlog += totals.backlog();
      result.actors[i].restarted += totals.restarted.get();
    }
  result.log_dropped = sources_.log_dropped();
  result.buffer_bytes = sources_.buffer_bytes();
  result.stalls = sources_.loop_stalls();
  return result;
}

} // namespace troupe::actors
