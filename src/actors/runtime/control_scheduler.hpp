// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/runtime/actor_host.hpp"

#include <boost/asio/io_context.hpp>

#include <caf/fwd.hpp>

namespace troupe::actors {

/// Makes the actor system run without threads of its own: actors that are not
/// pinned elsewhere live on `loop`, and CAF's clock is one Asio timer there.
void use_control_scheduler(caf::actor_system_config& config,
                           boost::asio::io_context& loop);

/// The host of the control loop in a system made that way.
actor_host& control_host(caf::actor_system& system);

} // namespace troupe::actors
