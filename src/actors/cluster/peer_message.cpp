// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/peer_message.hpp"

#include "net/cluster/basp_frame.hpp"

#include <caf/actor_system_config.hpp>

namespace troupe::actors {

void announce_peer_message(caf::actor_system_config& config) {
  config.add_message_type<peer_message>(
    std::string{net::cluster::peer_message_type});
}

} // namespace troupe::actors
