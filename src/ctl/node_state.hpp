// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/table.hpp"

#include <boost/json/object.hpp>

namespace troupe::ctl {

/// The state of a node in `/v1/nodes`, as the asked node sees it.
cell state_of_node(const boost::json::object& node);

} // namespace troupe::ctl
