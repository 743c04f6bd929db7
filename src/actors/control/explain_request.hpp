// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/control/explain.hpp"
#include "core/routing/request_view.hpp"
#include "net/frontend/frontend_plan.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>

namespace troupe::actors {

/// An imagined request as a frontend reads it: once, for all that is asked.
struct read_request {
  std::shared_ptr<const std::string> text; ///< the head's views point into it
  std::shared_ptr<const net::http1::request_head> head;
  bool is_good = false; ///< else `head` has the error
  bool is_trusted = false;
  std::string host; ///< canonical
  /// Whom it comes from: its sender, or the client that a trusted one names
  /// (rule 110); nothing if it has none.
  std::optional<endpoint> client;

  /// What routes and variables ask of it. @pre is_good; this stays in place.
  routing::request_view view(routing::scheme scheme) const;
};

read_request read_imagined(const http_settings& http,
                           const imagined_request& what);

/// Where a route's redirect leads for this request, or "".
std::string redirects_to(const frontend_settings& frontend,
                         const net::route_plan& plan,
                         const read_request& request,
                         const imagined_request& what);

/// What the server gets: its line, its fields, and what was removed; or why it
/// is refused, under `refused`.
boost::json::object sent_on(const frontend_settings& frontend,
                            const net::route_plan& plan,
                            const read_request& request,
                            const imagined_request& what, token_role role);

boost::json::object refused_with(unsigned status, std::string_view why,
                                 std::string_view detail);

} // namespace troupe::actors
