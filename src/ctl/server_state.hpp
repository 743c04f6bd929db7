// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/table.hpp"

#include <boost/json/object.hpp>

namespace troupe::ctl {

/// One word for whether new work goes to a server of `/v1/backends`, and if
/// not, why in the end.
cell state_of(const boost::json::object& server);

} // namespace troupe::ctl
