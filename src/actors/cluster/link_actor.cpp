// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/link_actor.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <set>
#include <utility>

namespace troupe::actors {

caf::actor basp_broker_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(
    caf::atom("BASP"));
}

link_actor::link_actor(caf::actor_config& cfg, std::string peer,
                       milliseconds timeout, callbacks calls)
  : hosted(cfg), peer_(std::move(peer)), timeout_(timeout),
    calls_(std::move(calls)) {
  // nop
}

link_actor::behavior_type link_actor::make_behavior() {
  return {
    [this](peer_message& message) {
      calls_.received(current_sender(), std::move(message));
    },
    [this](join_peer& message) { join(message); },
  };
}

void link_actor::join(join_peer& message) {
  using interface = std::set<std::string>;
  // The port is no more than a name for the connection here.
  request(basp_broker_of(system()), timeout_, caf::connect_atom::value,
          std::move(message.connection), uint16_t{1})
    .then([this](caf::node_id&, caf::strong_actor_ptr& remote,
                 interface&) { calls_.joined(std::move(remote)); },
          [this](const caf::error& error) {
            calls_.failed(system().render(error));
          });
}

void link_actor::on_exit() { calls_ = {}; }

} // namespace troupe::actors
