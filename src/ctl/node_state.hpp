// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/table.hpp"

#include <boost/json/object.hpp>

namespace troupe::ctl {

/// What the asked node thinks of a node of `/v1/nodes`.
cell state_of_node(const boost::json::object& node);

/// @param nodes Of `/v1/nodes`: a node without a cluster answers as one of one
/// that has no name.
bool is_in_cluster(const boost::json::object& nodes);

} // namespace troupe::ctl
