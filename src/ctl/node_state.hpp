// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/table.hpp"

#include <boost/json/object.hpp>

namespace troupe::ctl {

/// What the asked node thinks of a node of `/v1/nodes`.
cell state_of_node(const boost::json::object& node);

} // namespace troupe::ctl
