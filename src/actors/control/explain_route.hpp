// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/control/explain_request.hpp"
#include "net/frontend/frontend_plan.hpp"

#include <boost/json/value.hpp>

namespace troupe::actors {

/// The way that a request takes from its frontend.
struct explained_route {
  net::route_plan plan;        ///< of the route, or of what matches none
  bool ambiguous = false;      ///< 400: its path has no single route
  boost::json::value route;    ///< {"index", "name"}, or null
  boost::json::array readings; ///< of its path; none without routes
  read_request request;        ///< of HTTP
};

/// @param all Has `frontend`.
explained_route explain_route(const settings& all,
                              const frontend_settings& frontend,
                              const imagined_request& what);

} // namespace troupe::actors
