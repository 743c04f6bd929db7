// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/peers_awaited.hpp"
#include "actors/cluster/stall_gauge.hpp"
#include "actors/interfaces.hpp"
#include "actors/runtime/effect_queue.hpp"
#include "actors/runtime/hosted.hpp"
#include "core/cluster/observations.hpp"
#include "core/cluster/wake_timer.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace troupe::actors {

/// What is down, over restarts: encode_downs() of what the cluster said last.
struct verdict_memory {
  std::string content; ///< newest
  /// Puts it on disk; does not wait for that.
  std::function<void(const std::string&)> keep;
};

struct observations_parts {
  cluster::observations::identity self;
  /// Of this process, so that a restarted actor finds it.
  std::shared_ptr<verdict_memory> memory;
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
  target_list describe_all() const;
  void step(const cluster::observations::input& in);
  void tell(const std::string& backend);
  caf::result<bool> await(const await_peers& message);
  void remember();

  bool perform(cluster::send& x);
  bool perform(cluster::observations::part& x);
  bool perform(cluster::observations::suspected& x);
  bool perform(cluster::observations::hint& x);
  bool perform(cluster::observations::verdicts_changed& x);
  bool perform(cluster::observations::event& x);
  bool perform(cluster::wake& x);

  observations_parts parts_;
  cluster::observations::machine machine_;
  effect_queue<cluster::observations::effect> effects_;
  std::map<std::string, health_actor> checkers_;
  std::map<std::string, router_actor> routers_;
  cluster::wake_timer timer_;
  stall_gauge stall_;
  peers_awaited awaited_;
};

} // namespace troupe::actors
