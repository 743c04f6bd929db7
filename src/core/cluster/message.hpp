// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <string>

/// The part that the cluster's step machines share. A machine is a state and
/// `step(input, now)` that returns a list of effects; it knows no actor, clock,
/// file or randomness. Its driver (an actor, or the simulation) carries the
/// effects out *in order*, and whatever follows a `persist` only once that is
/// durable (rule 42).
namespace troupe::cluster {

/// Which machine a message between nodes is for; each has its own message types
/// inside the body. Values are part of the wire format: never reuse one.
enum class message_kind : uint16_t {
  membership = 1,
  observations = 2,
  config_register = 3,
  operators = 4,
  questions = 5,
};

/// EFFECT: to one joined peer, or to all of them when `to` is empty. May be
/// lost, repeated, delayed and overtaken.
struct send {
  std::string to; ///< node name
  message_kind kind{};
  std::string body; ///< see wire.hpp
};

/// EFFECT: this content replaces the machine's file in `state_dir`. What
/// follows it in the list waits until it is on disk.
struct persist {
  std::string content;
};

/// EFFECT: call `step` with a tick no later than then. Every step has one, and
/// the newest replaces any before it: see wake_timer.hpp.
struct wake {
  time_point at;
};

} // namespace troupe::cluster
