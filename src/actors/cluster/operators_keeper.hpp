// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/durable_state.hpp"
#include "actors/cluster/peers_awaited.hpp"
#include "actors/interfaces.hpp"
#include "actors/runtime/effect_queue.hpp"
#include "actors/runtime/hosted.hpp"
#include "core/cluster/operators.hpp"
#include "core/cluster/wake_timer.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::actors {

struct operators_parts {
  std::string node;
  durable_state state;
  std::function<membership_actor()> membership; ///< called at every use
  supervisor_actor supervisor;
};

/// The operators actor: drives the step machine of that name.
class operators_keeper final
  : public hosted<operators_actor::base, actor_kind::operators> {
public:
  operators_keeper(caf::actor_config& cfg, operators_parts parts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using promise = caf::typed_response_promise<operator_outcome>;

  caf::result<operator_outcome> take(const operator_command& message);
  void take(const apply_settings& message);
  void start(const state_read& message);
  void written(const state_written& message);
  void hear(const peer_message_received& message);
  caf::result<bool> await(const await_peers& message);
  void answer_awaited();
  void step(cluster::operators::input in);

  bool perform(cluster::send& x);
  bool perform(cluster::persist& x);
  bool perform(cluster::wake& x);
  bool perform(cluster::operators::wish& x);
  bool perform(cluster::operators::answer& x);

  operators_parts parts_;
  cluster::operators::machine machine_;
  effect_queue<cluster::operators::effect> effects_;
  bool started_ = false;
  std::vector<cluster::operators::input> early_; ///< before the file was read
  uint64_t requests_ = 0;
  std::map<uint64_t, promise> waiting_;
  cluster::wake_timer timer_;
  peers_awaited awaited_;
  bool heard_ = false; ///< a peer's wishes
};

} // namespace troupe::actors
