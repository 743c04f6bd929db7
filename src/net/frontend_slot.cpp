// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend_slot.hpp"

namespace troupe::net {

local_ptr<held_plan> hold_plan(plan_ptr plan, const backend_lookup& find,
                               std::string& missing) {
  const local_ptr<held_plan> result{new held_plan{std::move(plan)}};
  for (const auto& route : result->plan->routes) {
    if (route.backend.empty()) {
      result->routes.push_back({route, {}, nullptr});
      continue;
    }
    auto backend = find(route.backend);
    if (!backend) {
      missing = route.backend;
      return {};
    }
    auto* balance = &backend->balance(route.algorithm);
    result->routes.push_back({route, std::move(backend), balance});
  }
  return result;
}

} // namespace troupe::net
