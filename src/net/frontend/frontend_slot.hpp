// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "net/backend/backend_slot.hpp"
#include "net/frontend/frontend_plan.hpp"
#include "net/loop/local_ptr.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::net {

/// One route of a frontend on one worker.
struct route_slot {
  const route_plan& plan;
  local_ptr<backend_slot> backend; ///< null if it leads nowhere
  policy* balance; ///< the backend's: shared with all routes of its algorithm
  std::vector<route_slot> split; ///< parallel to the plan's

  /// One of `split`, by their weights, or else itself.
  /// @param draw Any number.
  const route_slot& pick(uint64_t draw) const noexcept;
};

/// What a frontend does, as the requests of one worker hold it: those that have
/// begun end by the rules they began under (rule 34).
struct held_plan : local_counted<held_plan> {
  explicit held_plan(plan_ptr p) : plan(std::move(p)) {}

  /// For what matches none.
  const route_slot& rest() const noexcept { return routes.back(); }

  const plan_ptr plan;
  std::vector<route_slot> routes; ///< parallel to the plan's
};

/// The backend of that name on this worker, or null.
using backend_lookup =
  std::function<local_ptr<backend_slot>(const std::string& name)>;

/// @returns null if a backend is not known; `missing` is its name then.
local_ptr<held_plan> hold_plan(plan_ptr plan, const backend_lookup& find,
                               std::string& missing);

/// One frontend on one worker. Shared by its listener and its connections.
struct frontend_slot : local_counted<frontend_slot> {
  frontend_slot(local_ptr<held_plan> plan, unsigned w) noexcept
    : current(std::move(plan)), worker(w) {}

  client_counters& counters() const noexcept {
    return current->plan->clients->by_worker[worker];
  }

  local_ptr<held_plan> current; ///< the next request takes it
  const unsigned worker;
  bool draining = false; ///< closing: replies say `Connection: close`
};

} // namespace troupe::net
