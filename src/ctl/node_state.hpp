// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/table.hpp"

#include <boost/json/object.hpp>

namespace troupe::ctl {

/// The state of a node in `/v1/nodes`, as the asked node sees it.
cell state_of_node(const boost::json::object& node);

/// @param nodes Of `/v1/nodes`: a node without a cluster answers as a cluster
/// of one that has no name.
bool is_in_cluster(const boost::json::object& nodes);

} // namespace troupe::ctl
