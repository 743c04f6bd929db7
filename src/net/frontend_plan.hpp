// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "core/settings.hpp"
#include "net/http1/forward.hpp"

#include <cstdint>
#include <memory>

namespace troupe::net {

/// One frontend as the workers run it: immutable, shared by all of them.
struct frontend_plan {
  frontend_settings settings;
  http1::forward_rules rules;
  std::shared_ptr<frontend_live> live;
  uint64_t generation = 0;
  milliseconds drain_timeout{30'000}; ///< of this generation
};
using plan_ptr = std::shared_ptr<const frontend_plan>;

} // namespace troupe::net
