// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/peer_message.hpp"
#include "actors/runtime/hosted.hpp"

#include <caf/io/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <caf/io/scribe.hpp>

#include <functional>
#include <string>

namespace troupe::actors {

/// INTERNAL: to a link's actor from its link: this connection was dialled.
struct join_peer {
  caf::io::scribe_ptr connection;
};

/// LINK, one per link, control loop: this node's end of it, the only actor the
/// peer may talk to.
using peer_link_actor = caf::typed_actor<
  // From the peer's end. No reply.
  caf::reacts_to<peer_message>,
  // INTERNAL: meet the actor behind a dialled connection. No reply.
  caf::reacts_to<join_peer>>;

/// CAF's actor for BASP, which takes connections made elsewhere.
caf::actor basp_broker_of(caf::actor_system& system);

/// Passes on what it hears; a link decides.
class link_actor final
  : public hosted<peer_link_actor::base, actor_kind::link> {
public:
  /// Called from within this actor.
  struct callbacks {
    std::function<void(caf::strong_actor_ptr sender, peer_message)> received;
    std::function<void(caf::strong_actor_ptr remote)> joined;
    std::function<void(std::string reason)> failed;
  };

  link_actor(caf::actor_config& cfg, std::string peer, milliseconds timeout,
             callbacks calls);

  behavior_type make_behavior() override;
  const char* name() const override { return "link"; }
  void on_exit() override;

protected:
  std::string subject() const override { return peer_; }

private:
  void join(join_peer& message);

  const std::string peer_;
  const milliseconds timeout_;
  callbacks calls_;
};

} // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::join_peer)
