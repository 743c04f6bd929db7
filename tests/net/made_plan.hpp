// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/frontend/frontend_plan.hpp"

namespace troupe::net {

/// A plan as workers run it.
inline plan_ptr make_plan(const settings& all,
                          const frontend_settings& frontend,
                          live_registry& live, uint64_t generation) {
  return finish_plan(prepare_plan(all, frontend, live.workers()), live,
                     generation);
}

} // namespace troupe::net
