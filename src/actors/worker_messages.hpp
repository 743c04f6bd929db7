// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "core/settings.hpp"
#include "net/http1/forward.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <string>

/// What the supervisor tells workers and workers tell their listeners.
namespace troupe::actors {

/// One frontend as the workers run it: immutable, shared by all of them.
struct frontend_plan {
  frontend_settings settings;
  net::http1::forward_rules rules;
  std::shared_ptr<frontend_live> live;
  uint64_t generation = 0;
};
using plan_ptr = std::shared_ptr<const frontend_plan>;

/// A backend exists; its workers report to these.
struct attach_backend {
  std::string name;
  caf::strong_actor_ptr router;
  caf::strong_actor_ptr health;
};

/// Start accepting on `descriptor`, which the worker owns from now on.
struct open_frontend {
  plan_ptr plan;
  int descriptor = -1;
};

struct update_frontend {
  plan_ptr plan;
};

/// Accept what waits, close the descriptor, drain the connections.
struct close_frontend {
  std::string name;
  milliseconds drain_timeout{0};
};

struct pause_listener {
  bool paused = true;
};

struct drain_listener {
  milliseconds drain_timeout{0};
  bool shutting_down = false; ///< the reason logged for what is cut off
};

/// Stop accepting, drain for at most `drain_timeout`, end every actor.
struct stop_worker {
  milliseconds drain_timeout{0};
};

struct worker_stopped {
  unsigned index = 0;
};

/// SIGTERM or SIGINT.
struct stop_node {};

/// INTERNAL to the supervisor: the next step of the stop, or of a restart.
struct stop_step {
  unsigned step = 0;
};

} // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::attach_backend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::open_frontend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::update_frontend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::close_frontend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::pause_listener)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::drain_listener)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_worker)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::worker_stopped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_step)
