// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/health.hpp"
#include "core/settings.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What actors of one node say to each other about servers that the cluster
/// watches together. None of these leaves the process.
namespace troupe::actors {

/// Health checker to observations: these servers are mine to probe. The sender
/// is told its part of every one of them at once.
struct observe_backend {
  std::shared_ptr<const backend_settings> settings;
};

/// Observations to health checker: this node's part in watching a server.
struct probe_role {
  std::string server;
  bool probe = false;
  /// Begin anew: from this status, with no probe counted yet (rules 11, 15).
  std::optional<status> restart_from;
  bool operator==(const probe_role&) const = default;
};

/// Observations to health checker: traffic of a peer fails against a server
/// (rule 14).
struct probe_now {
  std::string server;
  /// Together with what the peer saw, one failed probe counts as `fall`.
  bool one_failure_is_enough = false;
  bool operator==(const probe_now&) const = default;
};

/// Health checker to observations, after each probe.
struct probe_seen {
  std::string backend;
  std::string server;
  status own = status::up;
  /// `rise` or `fall` probes in a row since this node's part began.
  bool complete = false;
  std::string evidence; ///< "connection refused", "status 503", ...
  bool operator==(const probe_seen&) const = default;
};

/// Health checker to observations: connects of live traffic failed in a row.
struct traffic_failed {
  std::string backend;
  std::string server;
  unsigned failures = 0;
  bool operator==(const traffic_failed&) const = default;
};

/// Router to observations: tell me what the cluster thinks of this backend,
/// now and whenever it changes.
struct follow_backend {
  std::string backend;
};

struct server_verdict {
  std::string server;
  status verdict = status::up;
  bool operator==(const server_verdict&) const = default;
};

/// Observations to router. Servers that are not named are up.
struct backend_verdicts {
  /// Without it each server's own status stands for its verdict (rule 12).
  bool has_majority = false;
  std::vector<server_verdict> servers;
  bool operator==(const backend_verdicts&) const = default;
};

/// Membership to metrics: whom this node sees.
struct membership_changed {
  size_t alive = 1; ///< this node included
  size_t suspect = 0;
  size_t gone = 0;
  bool has_majority = false;
};

/// Register to metrics: what is committed.
struct register_changed {
  uint64_t epoch = 0;
  uint64_t generation = 0;
  bool voter = false;
};

} // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::observe_backend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::probe_role)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::probe_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::probe_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::traffic_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::follow_backend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::backend_verdicts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::membership_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::register_changed)
