// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/frontend/frontend_plan.hpp"

/// What a frontend says of the errors that the balancer itself answers with.
namespace troupe::net {

/// The operator's page for this status, or null.
const page_settings* error_page(const frontend_settings& frontend,
                                unsigned status) noexcept;

/// The header rules of a route for a reply of our own.
/// @param from What is known of the request, where `filled` is not filled yet.
/// @param filled Lives as long as the result.
http1::response_rules own_reply_rules(const route_plan& route, unsigned worker,
                                      const routing::variable_values& from,
                                      changed_response& filled);

} // namespace troupe::net
