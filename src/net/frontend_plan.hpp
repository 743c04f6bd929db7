// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "core/settings.hpp"
#include "net/http1/forward.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::net {

/// Where the requests or streams of one route go, and what is changed about
/// them.
struct route_plan {
  std::string backend;
  troupe::algorithm algorithm = algorithm::round_robin;
  http1::forward_rules rules;
};

/// One frontend as the workers run it: immutable, shared by all of them.
struct frontend_plan {
  frontend_settings settings;
  network_list trusted; ///< peers that may speak for others
  std::vector<route_plan> routes;
  std::shared_ptr<frontend_live> live;
  uint64_t generation = 0;
  milliseconds drain_timeout{30'000}; ///< of this generation
};
using plan_ptr = std::shared_ptr<const frontend_plan>;

/// Prepares what the settings say.
plan_ptr make_plan(frontend_settings settings,
                   std::shared_ptr<frontend_live> live, uint64_t generation,
                   milliseconds drain_timeout = milliseconds{30'000});

} // namespace troupe::net
