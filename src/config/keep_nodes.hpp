// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// A shared text with only the named of its `cluster.nodes` left: how a cluster
/// continues that has lost its majority for good.
/// @throws std::runtime_error if a name is not among them, or none is given.
std::string keep_nodes(std::string_view shared,
                       const std::vector<std::string>& names);

} // namespace troupe::config
