// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"
#include "daemon/arguments.hpp"

namespace troupe::daemon {

/// Runs one node until it is told to stop: loops, threads and actors are made
/// here, and here alone stands the order in which they end.
/// @returns the exit code: 0 after an orderly stop, 1 when it could not start.
int run_node(const arguments& args, const config::loaded& loaded);

} // namespace troupe::daemon
