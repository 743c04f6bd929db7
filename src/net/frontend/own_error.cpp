// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend/own_error.hpp"

#include <algorithm>
#include <utility>

namespace troupe::net {

const page_settings* error_page(const frontend_settings& frontend,
                                unsigned status) noexcept {
  const auto found = std::ranges::find(
    frontend.error_pages, status, &std::pair<unsigned, page_settings>::first);
  return found != frontend.error_pages.end() ? &found->second : nullptr;
}

http1::response_rules own_reply_rules(const route_plan& route, unsigned worker,
                                      const routing::variable_values& from,
                                      changed_response& filled) {
  const auto& fields = route.rules.response;
  if (route.changes.empty())
    return {fields};
  const auto& changes = *route.changes[worker];
  if (!filled.is_filled && !changes.fill_response(from, filled))
    return {fields};
  filled.name_server(from.server);
  return changes.rules_of(fields, filled);
}

} // namespace troupe::net
