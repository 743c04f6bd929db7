// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/messages.hpp"
#include "core/cluster/config_register/io.hpp"
#include "core/cluster/membership.hpp"
#include "core/health.hpp"
#include "core/settings.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Messages between actors of one node about servers that the cluster
/// watches together. None of these leaves the process.
namespace troupe::actors {

/// Health checker to observations: these servers are mine to probe. The sender
/// is told its part of every one of them at once.
struct observe_backend {
  std::shared_ptr<const backend_settings> settings;
};

/// Observations to health checker.
using checks::probe_now;
using checks::probe_role;

/// Observations to health checker: connects of a peer fail, so fewer of this
/// node's own are evidence (rule 13). Not only to those that watch the server.
struct peer_suspects {
  std::string server;
  bool operator==(const peer_suspects&) const = default;
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

// -- nodes --------------------------------------------------------------------

/// Membership to the other cluster actors: messages to this node arrive from
/// here on, or no longer.
struct peer_joined {
  std::string node;
  uint64_t protocol = cluster::membership::protocol_newest; ///< of the link
};
struct peer_left {
  std::string node;
};

/// Membership to the actor that a message between nodes is for.
struct peer_message_received {
  std::string from;
  std::string body;
};

/// Any cluster actor to membership.
struct tell_peers {
  cluster::send what;
};

/// Register to membership: close the link to this node and tell it why.
struct refuse_peer {
  std::string node;
  std::string text;
};

/// Membership to register: that node turns this one away, and why; no text: it
/// no longer does.
struct peer_refuses {
  std::string node;
  std::string text;
};

/// Supervisor to membership and observations: `cluster.nodes` of the committed
/// record; of the node's own file before there is one.
struct cluster_nodes {
  std::vector<node_settings> nodes;
  /// By a recovery: not part of the cluster, but to be visited.
  std::vector<node_settings> left_behind = {};
  /// The name of the list, such as "generation 7 of prod"; empty: the file.
  std::string list = {};
};

/// Membership to observations: the nodes that this node sees.
struct cluster_view {
  std::vector<std::string> alive; ///< this node included
  bool has_majority = false;
  bool operator==(const cluster_view&) const = default;
};

/// Supervisor to membership: one of the other cluster actors was restarted;
/// all of them hear again which nodes have joined.
struct introduce_peers {};

/// Supervisor to membership: new links take the certificates as they are now.
struct reload_certificates {};

/// Supervisor to observations and operators, before listeners open: has this
/// node heard from the others (rule 21)? Answered once it has, or after
/// `within`.
struct await_peers {
  milliseconds within{0};
};

/// INTERNAL: an `await_peers` has waited long enough.
struct peers_overdue {
  uint64_t number = 0;
};

/// Supervisor to membership: tell the peers that this node stops.
struct leave_cluster {};

/// INTERNAL: a step machine wants its next step. A delayed message cannot be
/// cancelled: old ones carry another ticket.
struct step_due {
  uint64_t ticket = 0;
};

/// INTERNAL: the helper thread has read a machine's files.
struct state_read {
  std::optional<std::string> content;
  bool damaged = false; ///< there was a file, and it cannot be read
  std::string history;
};

/// INTERNAL: the helper thread has written, or failed to.
struct state_written {
  bool ok = false;
  std::optional<std::string> durable; ///< after a failure: what is there
};

/// Admin to itself: another node should have answered by now.
struct question_overdue {
  uint64_t id = 0;
};

struct describe_nodes {};

struct node_row {
  std::string name;
  std::string address;
  std::string state; ///< "self", "alive", "suspect", "gone", "unknown"
  std::string text;  ///< why, if there is a reason
};

struct nodes_view {
  std::string cluster;
  std::string self;
  bool has_majority = false;
  std::vector<node_row> nodes;
};

// -- servers, seen by all -----------------------------------------------------

struct describe_target {
  std::string backend;
  std::string server;
};

/// An observation of one node about a server, as this node knows it.
struct observer_row {
  std::string node;
  troupe::status status = troupe::status::up;
  int64_t age_ms = 0;
  std::string evidence;
  bool fresh = false;
  bool counted = false;
};

struct target_view {
  bool known = false;
  bool settled = false; ///< verdicts count: a majority has told what it saw
  troupe::status verdict = troupe::status::up;
  std::string rule;                    ///< "2 of 3 say down"
  std::vector<observer_row> observers; ///< in the order of their rank
};

/// Admin to observations.
struct describe_all_targets {};

struct target_row {
  std::string backend;
  std::string server;
  target_view seen;
};
using target_list = std::vector<target_row>; ///< sorted by backend

// -- configuration ------------------------------------------------------------

/// Config to register: the file was read again.
struct file_read {
  std::string name;
  cluster::config_register::shared_text file;
  cluster::config_register::asker by;
};

/// Admin to config: a text of shared sections, to be read by the helper thread.
struct read_shared {
  std::string text;
};

struct shared_reading {
  cluster::config_register::shared_text shared;
  std::vector<std::string> problems; ///< why it cannot be read
};

/// Admin to register.
struct propose_config {
  cluster::config_register::shared_text candidate;
  cluster::config_register::asker by;
  std::optional<uint64_t> base;
  bool force = false;
  bool rebase = false;
};

/// Admin to register: propose an old text again.
struct roll_back {
  uint64_t generation = 0;
  cluster::config_register::asker by;
};

enum class cluster_verb : uint8_t { form, recover, adopt };

/// Admin to register: what an operator decides when nodes cannot (rules 3, 4).
struct cluster_command {
  cluster_verb verb = cluster_verb::form;
  std::vector<std::string> nodes; ///< one for form and adopt
  cluster::config_register::asker by;
};

using cluster::config_register::answer;

/// Register to config: could this node run it?
struct check_candidate {
  std::string text;
  std::string from; ///< the node that proposes
};

/// Register to config: agreed.
struct apply_record {
  std::shared_ptr<const cluster::config_register::record> what;
};

struct describe_register {};

/// Has the register read its files? Answered at once.
struct has_register_started {};

/// The register's answer to everything else before it has.
inline caf::error still_starting() { return {1, caf::atom("starting")}; }
inline bool is_still_starting(const caf::error& x) {
  return x.category() == caf::atom("starting");
}

struct register_view {
  cluster::config_register::register_status status;
  struct past {
    cluster::config_register::record what;
    bool superseded = false;
    uint64_t taken_ms = 0; ///< see config_register::machine::past
  };
  std::vector<past> history; ///< oldest first, the committed one last
  std::vector<cluster::config_register::peer_vote>
    peers; ///< of the listed ones
};

// -- operators ----------------------------------------------------------------

/// Admin to operators: a change that holds on every node.
struct operator_command {
  std::string backend;
  operator_change change;
  cluster::config_register::asker by;
};

struct operator_outcome {
  std::vector<std::string> in_force; ///< nodes
  std::vector<std::string> missing;  ///< nodes that have not confirmed it
};

/// Operators to supervisor, supervisor to router: this is what an operator
/// wants of a server.
struct operator_wish {
  std::string backend;
  std::string server;
  operator_entry entry;
};

/// Membership to metrics: the nodes that this node sees.
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
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::peer_suspects)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::probe_role)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::probe_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::probe_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::traffic_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::follow_backend)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::backend_verdicts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::peer_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::peer_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::peer_message_received)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::question_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::tell_peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::refuse_peer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::peer_refuses)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::cluster_nodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::cluster_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::introduce_peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::reload_certificates)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::await_peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::peers_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::leave_cluster)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::step_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::state_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::state_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_nodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::nodes_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_target)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::target_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_all_targets)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::target_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::file_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::read_shared)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::shared_reading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::propose_config)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::roll_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::cluster_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::check_candidate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::apply_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::describe_register)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::has_register_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::register_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::operator_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::operator_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::operator_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::membership_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::register_changed)
