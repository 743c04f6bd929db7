// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"
#include "daemon/arguments.hpp"
#include "daemon/credentials.hpp"

namespace troupe::daemon {

/// Runs one node until it is told to stop: loops, threads and actors are made
/// here, and here alone stands the order in which they end.
/// @pre `loaded` has no problems, and `proofs` were read for it.
/// @returns the exit code: 0 after an orderly stop, 1 when it could not start.
int run_node(const arguments& args, const config::loaded& loaded,
             const credentials& proofs);

} // namespace troupe::daemon
