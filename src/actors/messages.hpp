// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/control/config_history.hpp"
#include "api/http/chunked_text.hpp"
#include "config/load.hpp"
#include "core/health/checks.hpp"
#include "core/settings.hpp"
#include "core/snapshot.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Messages between actors of one node: one struct per message. None of
/// these leaves the process.
namespace troupe::actors {

// -- backends -----------------------------------------------------------------

/// The author, reason and time of a request.
struct operator_origin {
  std::string author; ///< "uid 0", "token deploy from 10.0.0.9"
  std::string reason; ///< may be empty
  uint64_t time_ms = 0;
  bool operator==(const operator_origin&) const = default;
};

/// The settings of an operator at run time; they outlive reloads.
struct operator_entry {
  admin_state admin = admin_state::ready;
  std::optional<unsigned> weight{}; ///< instead of the configured one
  operator_origin by{};
  /// The same is wanted, by any author.
  bool operator==(const operator_entry& other) const {
    return admin == other.admin && weight == other.weight;
  }
};

/// Supervisor to router: the backend as it is to be from now on.
struct configure_backend {
  std::shared_ptr<const backend_settings> settings;
  uint64_t generation = 0;
  std::shared_ptr<backend_live> live;
  std::vector<std::shared_ptr<server_live>> servers; ///< order of settings
  std::vector<operator_entry> operators;             ///< order of settings
};

/// Router to health checker: what to probe from now on. Servers that were
/// known before keep their health.
struct check_targets {
  std::shared_ptr<const backend_settings> settings;
  std::vector<checks::target> targets;
  std::vector<std::shared_ptr<server_live>> lives; ///< of each target
};

/// Health checker to router.
using checks::server_health;

/// Worker or health checker to router.
using checks::address_found;

/// Router to supervisor, first of all and on a flip: whether this node's own
/// evidence rejects every server that the cluster calls up (rule 12).
struct own_evidence {
  std::string backend;
  bool rejects_all = false;
  bool operator==(const own_evidence&) const = default;
};

/// Worker to health checker.
using checks::failure_kind;
using checks::passive_report;

/// Admin to router. Fields that are not set stay.
struct operator_change {
  std::string server;
  std::optional<admin_state> admin;
  std::optional<unsigned> weight;
  bool reset_weight = false;
  operator_origin by{};
};

/// Router to supervisor: remember this for a restart of the router.
struct operator_state {
  std::string backend;
  std::string server;
  operator_entry entry;
};

struct describe_backend {};

/// Of all workers, since the server is known.
struct server_totals {
  std::array<uint64_t, 5> requests{}; ///< by class of the status
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  uint64_t connect_failures = 0;
};

/// One server as the admin API shows it.
struct server_view {
  std::string name;
  std::string address;  ///< as configured
  std::string endpoint; ///< as resolved, "" if it is not
  unsigned weight = 1;
  admin_state admin = admin_state::ready;
  effective_state state;
  troupe::status own = status::up;
  bool vetoed = false;
  bool disputed = false; ///< its state here differs from the verdict
  bool ejected = false;
  uint32_t in_flight = 0;
  std::optional<troupe::status> verdict; ///< with a majority of the cluster
  server_totals totals;
  operator_origin set_by{}; ///< without an author: no operator has set anything
};

struct backend_view {
  std::string name;
  uint64_t generation = 0;
  uint64_t version = 0;
  bool fail_open = false;
  std::vector<server_view> servers;
  uint64_t queued = 0; ///< requests that wait for a free server
};

/// To a router: the snapshot as it would be published now.
struct describe_snapshot {};

/// Router to workers and metrics: the newest snapshot.
struct publish_snapshot {
  snapshot_ptr snapshot;
};

/// Worker to router: a replaced snapshot, to be destroyed off the data path.
struct retired_snapshot {
  snapshot_ptr snapshot;
};

/// INTERNAL to the router: the pause between publications is over.
struct publish_due {};

/// INTERNAL to the router: look the servers' names up again.
struct resolve_due {};

/// INTERNAL to a router: no node has probed a new server yet; it is used
/// without.
struct opinion_overdue {};

/// INTERNAL to the router: a server in slow start gets a larger share.
struct ramp_due {};

/// INTERNAL to the health checker.
using checks::check_due;

struct describe_health {};
using checks::health_view;
using health_list = std::vector<health_view>;

// -- configuration ------------------------------------------------------------

/// Read the file again; answered when it is applied or refused.
struct reload_config {
  std::string why; ///< "SIGHUP", "file changed", "uid 0 over the admin API"
};

struct reload_result {
  bool ok = false;
  uint64_t generation = 0;
  std::vector<std::string> problems; ///< printable lines, all of them
  std::string summary;               ///< what changed
};

/// INTERNAL: the helper thread has read and checked the file.
struct config_loaded {
  std::shared_ptr<const config::loaded> result;
  std::string shared; ///< see shared_text_in(); of a node without a cluster
  uint64_t job = 0;   ///< which reading, where there are several
};

/// Config to supervisor: make it so, whole or not at all.
struct apply_settings {
  std::shared_ptr<const settings> next;
  uint64_t generation = 0;
  history_ptr history = {}; ///< with this one; null in a cluster
};

/// The supervisor binds sockets in this time.
inline constexpr std::chrono::seconds apply_timeout{10};

struct apply_result {
  std::vector<std::string> problems; ///< empty: applied
};

/// Config to supervisor: could this node run it? What it would listen on is
/// bound and held for a while, so that the answer stays true (rule 5).
struct check_settings_fit {
  std::shared_ptr<const settings> next;
};

/// INTERNAL to the supervisor: what a check holds may go.
struct held_too_long {
  uint64_t ticket = 0;
};

struct describe_config {};

struct config_view {
  std::string file;
  uint64_t generation = 0;
  uint64_t hash = 0;
  std::vector<std::string> last_problems; ///< of the last refused load
  std::shared_ptr<const settings> running;
  history_ptr history = {}; ///< null in a cluster: the register has it
};

/// Config to metrics.
struct config_outcome {
  uint64_t generation = 0;
  bool ok = false;
};

// -- metrics ------------------------------------------------------------------

struct scrape {};

struct scrape_view {
  std::shared_ptr<admin::text_source> text; ///< to be written on any thread
};

/// Supervisor to metrics: the frontends and the named routes that exist now.
struct frontends_changed {
  std::vector<std::shared_ptr<frontend_live>> frontends;
  std::vector<std::shared_ptr<route_live>> routes;
};

/// A backend has been removed.
struct backend_gone {
  std::string name;
};

// -- connections and actors ---------------------------------------------------

struct describe_connection {};

struct connection_view {
  uint64_t id = 0;
  std::string frontend;
  std::string client;
  std::string server;
  std::string
    phase; ///< "idle", "head", "connecting", "exchange", "tunnel", ...
  uint64_t requests = 0;
  uint64_t age_ms = 0;
};
using connection_list = std::vector<connection_view>;

/// Finish the request under way, then close.
struct drain_connection {};

/// Close now.
struct close_connection {
  uint64_t id = 0;
  reason why = reason::killed_by_admin;
};

struct list_connections {
  uint32_t limit = 1000;
};

struct list_actors {};

struct actor_row {
  uint64_t id = 0;
  std::string kind;
  std::string name;  ///< e.g. the backend it routes
  std::string where; ///< "control" or "worker 0"
  uint64_t mailbox = 0;
  uint64_t handled = 0;
  uint64_t age_ms = 0;
  uint64_t idle_ms = 0;  ///< since its last message
  uint32_t restarts = 0; ///< of its kind and name, since the node's start
};
using actor_list = std::vector<actor_row>;

} // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::configure_backend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::check_targets)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::server_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::address_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::own_evidence)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::passive_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::operator_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::operator_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_backend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::backend_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::publish_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::retired_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::health_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::reload_config)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::reload_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::config_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::apply_settings)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::apply_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::check_settings_fit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::held_too_long)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_config)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::config_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::config_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::scrape)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::scrape_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::frontends_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::backend_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::connection_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::connection_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::drain_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::close_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::list_connections)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::list_actors)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::actor_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::publish_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::resolve_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::opinion_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ramp_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::check_due)
