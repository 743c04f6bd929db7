// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <boost/json/array.hpp>

namespace troupe::actors::api {

/// Where the frontends of a configuration lead, route by route.
boost::json::array routes_body(const settings& running);

} // namespace troupe::actors::api
