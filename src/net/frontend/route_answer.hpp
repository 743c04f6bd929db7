// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/text_template.hpp"
#include "core/settings.hpp"
#include "core/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::net {

/// Where a redirect leads: always an absolute URI (rule 120).
struct location_plan {
  std::string scheme;                ///< "" is the request's
  routing::text_template host;       ///< empty: the request's
  uint16_t port = 0;                 ///< 0 is the scheme's own
  routing::text_template path;       ///< empty: the request's
  routing::text_template prefix;     ///< instead of one of `prefixes`
  std::vector<std::string> prefixes; ///< those of the route
};

/// @returns nothing if the host that results is none.
std::optional<std::string> location_of(const location_plan& plan,
                                       const routing::variable_values& from);

/// What a route answers without a server.
struct answer_plan {
  unsigned status = 200;
  std::optional<location_plan> location; ///< of a redirect
  std::string content_type;
  routing::text_template body;
  std::vector<std::pair<std::string, routing::text_template>> headers;
};

/// @returns nothing if the route leads to servers.
std::optional<answer_plan> plan_answer(const route_settings& route);

/// How the answer is sent.
struct answer_context {
  bool close = false;      ///< add `Connection: close`
  bool keep_alive = false; ///< add `Connection: keep-alive` (HTTP/1.0 client)
  bool head_only = false;  ///< the request was HEAD
  std::chrono::system_clock::time_point now;
};

/// The whole answer.
/// @param rules Of the response's fields.
/// @param location Of a redirect, as location_of() says.
std::string answer_text(const answer_plan& plan, const header_rules& rules,
                        const std::string& location,
                        const routing::variable_values& from,
                        const answer_context& context);

} // namespace troupe::net
