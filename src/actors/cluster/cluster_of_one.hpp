// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/messages.hpp"

#include <string>

/// A node without a cluster, described as a cluster of one: readers of the API
/// need not tell the two apart. Its cluster has no name, its epoch is 0.
namespace troupe::actors {

nodes_view nodes_of_one(const std::string& node);
register_view register_of_one(const std::string& node, const config_view& x);

} // namespace troupe::actors
