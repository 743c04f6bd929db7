// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/reason.hpp"
#include "core/time.hpp"
#include "net/frontend/frontend_plan.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

/// Messages of the supervisor to workers and of workers to their listeners.
namespace troupe::actors {

using net::plan_ptr;

/// By frontend_key().
using frontend_plans =
  std::map<std::string, std::shared_ptr<net::frontend_plan>>;

/// INTERNAL to the supervisor: what a change needs of its frontends.
struct plans_prepared {
  std::shared_ptr<frontend_plans> plans;
};

/// A backend exists; its workers report to these.
struct attach_backend {
  std::string name;
  caf::strong_actor_ptr router;
  caf::strong_actor_ptr health;
};

class accept_spread;
class handed_connection;

/// Start accepting on `descriptor`, which the worker owns from now on.
struct open_frontend {
  plan_ptr plan;
  int descriptor = -1;
  /// Shared with the frontend's other workers; null if there are none.
  std::shared_ptr<accept_spread> spread = nullptr;
};

/// Listener to listener: serve this client, which another worker has accepted.
struct adopt_connection {
  std::shared_ptr<handed_connection> connection;
};

struct update_frontend {
  plan_ptr plan;
};

/// Accept what waits, close the descriptor, drain the connections.
struct close_frontend {
  std::string name;
  milliseconds drain_timeout{0};
};

/// INTERNAL to the listener: its last connection has ended while it drains.
struct connections_gone {};

/// Listener to worker: it has ended as it should.
struct listener_ended {
  std::string name;
};

struct drain_listener {
  milliseconds drain_timeout{0};
  reason cut_reason = reason::drained; ///< logged for what is cut off then
};

/// Answered, with nothing, once all that was told before is in force.
struct confirm_changes {};

/// Stop accepting, drain for at most `drain_timeout`, end every actor.
struct stop_worker {
  milliseconds drain_timeout{0};
};

struct worker_stopped {
  unsigned index = 0;
};

/// SIGTERM or SIGINT.
struct stop_node {};

/// INTERNAL to the supervisor: global.stop_delay is over.
struct stop_step {
  uint64_t drain_ms = 0;
};

} // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::plans_prepared)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::attach_backend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::open_frontend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::adopt_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::update_frontend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::close_frontend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::drain_listener)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::confirm_changes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_worker)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::worker_stopped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::stop_step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::connections_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::listener_ended)
