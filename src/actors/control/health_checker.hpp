// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "actors/runtime/hosted.hpp"
#include "core/health/checks.hpp"
#include "net/probe/prober.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace troupe::actors {

/// The health checker of one backend: drives the step machine of
/// core/health/checks.hpp with probes, timers and what others report.
///
/// Its router is whoever sent the last `check_targets`. A new router (the old
/// one died) is told everything again, so neither of the two restarts leaves
/// them disagreeing.
class health_checker final
  : public hosted<health_actor::base, actor_kind::health_checker> {
public:
  /// @param prober Outlives the actor.
  /// @param seed Of the jitter; differs between backends and nodes.
  /// @param observations Unset without a cluster; called at every use, so that
  /// a restarted actor is found.
  health_checker(caf::actor_config& cfg, std::string backend,
                 net::prober& prober, uint64_t seed,
                 std::function<observations_actor()> observations = {});

  behavior_type make_behavior() override;
  void on_exit() override;

protected:
  std::string subject() const override { return backend_; }

private:
  void retarget(const check_targets& message);
  void take_suspicion(const peer_suspects& message);
  void step(const checks::input& in);

  void perform(checks::probe& x);
  void perform(checks::arm& x);
  void perform(server_health& x);
  void perform(address_found& x);
  void perform(checks::probed& x);
  void perform(checks::traffic_fails& x);
  void perform(checks::suspect_until& x);
  void perform(checks::event& x);

  const std::string backend_;
  net::prober& prober_;
  const std::function<observations_actor()> observations_;
  checks::machine machine_;
  router_actor router_;
  std::shared_ptr<const backend_settings> settings_;
  std::unordered_map<std::string, std::shared_ptr<server_live>> lives_;
};

} // namespace troupe::actors
