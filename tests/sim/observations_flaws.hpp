// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/verdict.hpp"

#include <span>
#include <string_view>

namespace sim {

/// What is broken in the driver rather than in a rule.
enum class watch_driver_flaw {
  none,
  suspicion_votes,      ///< what a peer's traffic saw counts as a vote
  loss_forgets,         ///< what is avoided is used without a majority
  own_evidence_ignored, ///< what this node cannot reach is used all the same
  parts_never_end,      ///< who was to watch a server goes on for ever
  veto_sticks,          ///< no probes lift it
  wish_before_fsync,    ///< sends do not wait for the persist before them
  wish_digest_ignored,  ///< who holds other wishes is not told
};

/// Observations or wishes that break one rule. The simulation must notice each.
struct observations_flaw {
  std::string_view name;
  std::string_view what;
  const troupe::cluster::observations::rules* rules;
  watch_driver_flaw driver = watch_driver_flaw::none;
};

/// Nothing is broken.
const observations_flaw& sound_watch();

std::span<const observations_flaw> all_watch_flaws();

} // namespace sim
