// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/rules.hpp"

#include <span>
#include <string_view>

namespace sim {

/// What is broken in the driver rather than in a rule.
enum class driver_flaw {
  none,
  votes_before_fsync, ///< sends do not wait for the persist before them
  forgets_promise,    ///< the promise is not in the file
};

/// A register that breaks one rule. The simulation must notice each.
struct flaw {
  std::string_view name;
  std::string_view what;
  const troupe::cluster::config_register::rules* rules;
  driver_flaw driver = driver_flaw::none;
};

/// Nothing is broken.
const flaw& sound();

std::span<const flaw> all_flaws();

} // namespace sim
