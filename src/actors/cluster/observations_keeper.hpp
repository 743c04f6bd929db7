// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/wake_timer.hpp"
#include "actors/effect_queue.hpp"
#include "actors/hosted.hpp"
#include "actors/interfaces.hpp"
#include "core/cluster/observations.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <string>

namespace troupe::actors {

struct observations_parts {
  cluster::watch::identity self;
  std::function<membership_actor()> membership; ///< called at every use
};

/// The observations actor: drives the step machine of that name, between the
/// health checkers, who probe, and the routers, who take the verdicts.
class observations_keeper final
  : public hosted<observations_actor::base, actor_kind::observations> {
public:
  observations_keeper(caf::actor_config& cfg, observations_parts parts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  void observe(const observe_backend& message);
  void follow(const follow_backend& message);
  void forget(const backend_gone& message);
  target_view describe(const describe_target& message) const;
  void step(const cluster::watch::input& in);
  void tell(const std::string& backend);

  bool perform(cluster::send& x);
  bool perform(cluster::watch::part& x);
  bool perform(cluster::watch::hint& x);
  bool perform(cluster::watch::verdicts_changed& x);
  bool perform(cluster::watch::event& x);
  bool perform(cluster::wake& x);

  observations_parts parts_;
  cluster::watch::machine machine_;
  effect_queue<cluster::watch::effect> effects_;
  std::map<std::string, health_actor> checkers_;
  std::map<std::string, router_actor> routers_;
  wake_timer timer_;
};

} // namespace troupe::actors
