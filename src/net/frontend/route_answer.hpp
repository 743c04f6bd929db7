// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/path_rule.hpp"
#include "core/settings.hpp"
#include "net/http1/own_reply.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::net {

/// Where a redirect leads: always an absolute URI (rule 120).
struct location_plan {
  std::string scheme;          ///< "" is the request's
  routing::text_template host; ///< empty: the request's
  uint16_t port = 0;           ///< 0 is the scheme's own
  routing::path_rule path;
};

/// @returns nothing if the host that results is none, or the path too long.
std::optional<std::string> location_of(const location_plan& plan,
                                       const routing::variable_values& from);

/// What a route answers without a server.
struct answer_plan {
  unsigned status = 200;
  std::optional<location_plan> location; ///< of a redirect
  std::string content_type;
  routing::text_template body;
  std::string page; ///< instead of `body`: sent as it is
  std::vector<std::pair<std::string, routing::text_template>> headers;
};

/// @returns nothing if the route leads to servers.
std::optional<answer_plan> plan_answer(const route_settings& route);

/// The answer to one request.
/// @param location Of a redirect, as location_of() says.
http1::own_reply answer_to(const answer_plan& plan, const std::string& location,
                           const routing::variable_values& from);

} // namespace troupe::net
