// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/links.hpp"
#include "actors/cluster/stall_gauge.hpp"
#include "actors/interfaces.hpp"
#include "actors/runtime/effect_queue.hpp"
#include "actors/runtime/hosted.hpp"
#include "core/cluster/membership.hpp"
#include "core/cluster/wake_timer.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::actors {

/// Functions that give an actor are called at every use, so that a restarted
/// one is found.
struct membership_parts {
  cluster::membership::identity self;
  /// Links are made again with each membership actor.
  std::function<std::shared_ptr<peer_links>(link_events&)> make_links;
  std::function<observations_actor()> observations;
  std::function<register_actor()> config_register;
  std::function<operators_actor()> operators;
  std::function<metrics_actor()> metrics;
  std::function<admin_actor()> admin;
};

/// The membership actor: drives the step machine of that name over the links,
/// and passes on what the peers say to the other cluster actors.
class membership_keeper final
  : public hosted<membership_actor::base, actor_kind::membership>,
    private link_events {
public:
  membership_keeper(caf::actor_config& cfg, membership_parts parts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  void take(const cluster_nodes& message);
  void tell(const tell_peers& message);
  void introduce();
  nodes_view describe() const;
  void step(const cluster::membership::input& in);

  // -- link_events: from the loop, not as a message --
  void link_opened(uint64_t link, const std::string& peer, bool dialled_by_self,
                   const std::string& remote) override;
  void link_closed(uint64_t link, const std::string& reason) override;
  void link_received(uint64_t link, uint16_t kind, uint16_t version,
                     std::string body) override;
  void dial_failed(const std::string& peer, const std::string& reason,
                   const std::string& refusal) override;

  void pass_on(std::string from, uint16_t kind, std::string body);
  template <class T>
  void tell_all(const T& message);
  void tell_view(const cluster::membership::view& x);

  bool perform(cluster::membership::dial& x);
  bool perform(cluster::membership::close_link& x);
  bool perform(cluster::membership::link_send& x);
  bool perform(cluster::membership::joined& x);
  bool perform(cluster::membership::left& x);
  bool perform(cluster::membership::turned_away& x);
  bool perform(cluster::membership::view& x);
  bool perform(cluster::membership::event& x);
  bool perform(cluster::wake& x);

  membership_parts parts_;
  cluster::membership::machine machine_;
  effect_queue<cluster::membership::effect> effects_;
  std::shared_ptr<peer_links> links_;
  std::map<std::string, std::string> addresses_; ///< by node
  /// Nodes that were ever listed: one that was removed may connect, to be told
  /// so.
  std::set<std::string> known_;
  std::vector<std::string> joined_; ///< peers, for "to all"
  /// The reasons of peers that refuse this node, by peer; empty: none refuses
  /// it.
  std::map<std::string, std::string> refusals_;
  uint64_t unknown_kinds_ = 0;
  cluster::wake_timer timer_;
  stall_gauge stall_;
};

} // namespace troupe::actors
