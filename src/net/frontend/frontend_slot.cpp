// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend/frontend_slot.hpp"

#include <optional>
#include <utility>

namespace troupe::net {

namespace {

/// @returns nothing if a backend is not known; `missing` is its name then.
std::optional<route_slot> hold_route(const route_plan& plan,
                                     const backend_lookup& find,
                                     std::string& missing) {
  route_slot result{plan, {}, nullptr, {}};
  for (const auto& part : plan.split) {
    auto held = hold_route(part, find, missing);
    if (!held)
      return std::nullopt;
    result.split.push_back(std::move(*held));
  }
  if (plan.backend.empty())
    return result;
  result.backend = find(plan.backend);
  if (!result.backend) {
    missing = plan.backend;
    return std::nullopt;
  }
  result.balance = &result.backend->balance(plan.algorithm);
  return result;
}

} // namespace

const route_slot& route_slot::pick(uint64_t draw) const noexcept {
  uint64_t sum = 0;
  for (const auto& part : plan.split)
    sum += part.weight;
  if (sum == 0)
    return *this;
  draw %= sum;
  size_t index = 0;
  while (draw >= plan.split[index].weight)
    draw -= plan.split[index++].weight;
  return split[index];
}

local_ptr<held_plan> hold_plan(plan_ptr plan, const backend_lookup& find,
                               std::string& missing) {
  const local_ptr<held_plan> result{new held_plan{std::move(plan)}};
  for (const auto& route : result->plan->routes) {
    auto held = hold_route(route, find, missing);
    if (!held)
      return {};
    result->routes.push_back(std::move(*held));
  }
  return result;
}

} // namespace troupe::net
