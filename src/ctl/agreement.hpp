// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/context.hpp"

namespace troupe::ctl {

/// Asks the cluster for a decision: an answer is one whatever it says.
answer propose(context& with, const std::string& path,
               const boost::json::object& body);

/// Shows how the cluster decided: each node's check with its reasons, then the
/// outcome.
/// @returns ok if it is committed or there was nothing to do.
/// @throws failure if it was refused (failed), or may or may not have been
/// decided (unknown).
exit_code show_outcome(context& with, const answer& x);

} // namespace troupe::ctl
