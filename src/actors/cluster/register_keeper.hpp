// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/durable_state.hpp"
#include "actors/interfaces.hpp"
#include "actors/runtime/effect_queue.hpp"
#include "actors/runtime/hosted.hpp"
#include "core/cluster/config_register/machine.hpp"
#include "core/cluster/wake_timer.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actors {

/// The partners of a register, and the files it relies on. Functions that give
/// an actor are called at every use, so that a restarted one is found.
struct register_parts {
  cluster::config_register::identity self;
  cluster::config_register::shared_text file; ///< as read at the start
  durable_state state;
  std::function<membership_actor()> membership;
  std::function<config_actor()> config;
  /// Called with what is committed and lists this node, before it is applied.
  std::function<void(std::shared_ptr<const cluster::config_register::record>,
                     const cluster::config_register::node_list& left_behind)>
    committed;
  std::function<metrics_actor()> metrics;
  /// Shared sections from their text; throws if they cannot be read.
  std::function<cluster::config_register::shared_text(const std::string& text)>
    parse;
  /// `text` with only these of its `cluster.nodes` left.
  std::function<std::string(const std::string& text,
                            const std::vector<std::string>& nodes)>
    keep_nodes;
};

/// The register actor: drives the step machine of that name, which holds all
/// of the protocol. Nothing is sent before what it rests on is on disk.
class register_keeper final
  : public hosted<register_actor::base, actor_kind::config_register> {
public:
  register_keeper(caf::actor_config& cfg, register_parts parts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using promise = caf::typed_response_promise<answer>;

  // -- messages --
  caf::result<answer> take(const file_read& message);
  caf::result<answer> take(const propose_config& message);
  caf::result<answer> take(const roll_back& message);
  caf::result<answer> take(const cluster_command& message);
  void start(const state_read& message);
  void written(const state_written& message);
  void drop(cluster::config_register::effect& effect);
  void due(const step_due& message);
  caf::result<register_view> describe() const;
  void tell_metrics(const cluster::config_register::register_status& x);

  /// Gives the machine `make(number)` once it runs; the answer of that number
  /// goes to the requester.
  /// @returns still_starting() before the files were read: what is asked for
  /// may be decided by what they say.
  caf::result<answer> ask_if_started(std::function<caf::result<answer>()> then);
  caf::result<answer>
  ask(std::function<cluster::config_register::input(uint64_t)> make);
  answer refusal(std::string text) const;
  void step(cluster::config_register::input in);

  // -- effects: false while one is under way --
  bool perform(cluster::config_register::effect& effect);
  bool perform(cluster::send& x);
  bool perform(cluster::persist& x);
  bool perform(cluster::wake& x);
  bool perform(cluster::config_register::keep_history& x);
  bool perform(cluster::config_register::check& x);
  bool perform(cluster::config_register::publish& x);
  bool perform(cluster::config_register::left_out& x);
  bool perform(answer& x);
  bool perform(cluster::config_register::event& x);
  bool perform(cluster::config_register::refuse& x);
  bool perform(cluster::config_register::status_changed& x);

  register_parts parts_;
  cluster::config_register::machine machine_;
  effect_queue<cluster::config_register::effect> effects_;
  bool started_ = false;
  std::vector<cluster::config_register::input>
    early_; ///< before the files were read
  uint64_t requests_ = 0;
  std::map<uint64_t, promise> waiting_;
  cluster::wake_timer timer_;
};

} // namespace troupe::actors
