// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/cluster/basp_frame.hpp"

#include <caf/fwd.hpp>

namespace troupe::actors {

/// Gives every actor system a random identity. CAF 0.17 makes it from the
/// network cards and the process id, which are the same in two containers of
/// one host, and again after a restart.
void use_random_identity(caf::actor_system_config& config);

/// The identity of a system made that way, as it stands in frames.
net::cluster::basp_node identity_of(const caf::actor_system& system);

} // namespace troupe::actors
