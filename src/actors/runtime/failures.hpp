// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>

namespace troupe::actors {

/// Replaces CAF's defaults, which print to standard output: unexpected
/// messages are logged and dropped (a request is answered with an error),
/// stray errors and down messages are logged, and an exception ends the actor
/// with its text in the log.
void use_logged_defaults(caf::scheduled_actor& self);

/// Whether an actor that ended for this reason must be replaced: it was neither
/// told to end nor done.
bool is_failure(const caf::error& reason) noexcept;

} // namespace troupe::actors
