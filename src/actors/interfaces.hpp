// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/data_path/worker_messages.hpp"
#include "actors/messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <string>

/// The typed interfaces of all actors. One comment a message; messages that an
/// actor sends only to itself are marked INTERNAL.
namespace troupe::actors {

// They name actors, so they stand in admin_messages.hpp, which includes this.
struct admin_directory;
struct api_call;
struct readiness;

/// ROUTER, one per backend, control loop: the only writer of its backend's
/// part of the routing snapshot.
using router_actor = caf::typed_actor<
  // The backend as it is to be from now on; publishes. No reply.
  caf::reacts_to<configure_backend>,
  // A server's health flipped; publishes. No reply.
  caf::reacts_to<server_health>,
  // Which address of a server's name works; may publish. No reply.
  caf::reacts_to<address_found>,
  // The cluster's verdicts on the backend's servers; publishes. No reply.
  caf::reacts_to<backend_verdicts>,
  // Drain, ready, maint or a weight; answers with the result, or an error that
  // names the unknown server.
  caf::replies_to<operator_change>::with<backend_view>,
  // The same, agreed between nodes already. No reply.
  caf::reacts_to<operator_wish>,
  caf::replies_to<describe_backend>::with<backend_view>,
  caf::replies_to<describe_snapshot>::with<publish_snapshot>,
  // Answers when it has published what it was told before: with the addresses
  // of its servers' names, unless those take longer than a second (then false).
  caf::replies_to<confirm_changes>::with<bool>,
  // A snapshot that workers no longer use; dropped here. No reply.
  caf::reacts_to<retired_snapshot>,
  // INTERNAL: the pause between publications is over.
  caf::reacts_to<publish_due>,
  // INTERNAL: look the servers' names up again.
  caf::reacts_to<resolve_due>,
  // INTERNAL: new servers have waited long enough for their first probe.
  caf::reacts_to<opinion_overdue>,
  // INTERNAL: a server in slow start gets a larger share.
  caf::reacts_to<ramp_due>>;

/// HEALTH CHECKER, one per backend, control loop: on this node the only writer
/// of its servers' health.
using health_actor = caf::typed_actor<
  // The targets to probe from now on. No reply.
  caf::reacts_to<check_targets>,
  // Live traffic failed `failures` times in a row on one worker. No reply.
  caf::reacts_to<passive_report>,
  // This node's part in watching a server together with others. No reply.
  caf::reacts_to<probe_role>,
  // A peer's traffic fails against a server: look at once. No reply.
  caf::reacts_to<probe_now>,
  // The same, to those that do not watch it, too: less is evidence. No reply.
  caf::reacts_to<peer_suspects>,
  // Evidence for every server, in the order of the targets.
  caf::replies_to<describe_health>::with<health_list>,
  // INTERNAL: a server's next probe, or the end of its cooldown, is due.
  caf::reacts_to<check_due>>;

/// OBSERVATIONS, one per node of a cluster, control loop: what every node saw
/// of every server, the verdict that follows, and which node probes what.
using observations_actor = caf::typed_actor<
  // A health checker's servers; it is told its part in each. No reply.
  caf::reacts_to<observe_backend>, caf::reacts_to<backend_gone>,
  // A probe of this node ended. No reply.
  caf::reacts_to<probe_seen>,
  // Live traffic of this node fails to connect. No reply.
  caf::reacts_to<traffic_failed>,
  // A router wants the verdicts of its backend, from now on. No reply.
  caf::reacts_to<follow_backend>,
  // The nodes that are alive. No reply.
  caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>,
  caf::reacts_to<cluster_view>, caf::reacts_to<cluster_nodes>,
  // Observations of peers. No reply.
  caf::reacts_to<peer_message_received>,
  // The observations of one server, for `why`.
  caf::replies_to<describe_target>::with<target_view>,
  // The same of every server.
  caf::replies_to<describe_all_targets>::with<target_list>,
  // Whether verdicts count; answered once they do, or when time is up.
  caf::replies_to<await_peers>::with<bool>, caf::reacts_to<peers_overdue>,
  // INTERNAL: the machine's next step.
  caf::reacts_to<step_due>>;

/// MEMBERSHIP, one per node of a cluster, control loop: links to the other
/// nodes, which of them are alive, and whether this node sees a majority.
using membership_actor = caf::typed_actor<
  // `cluster.nodes` in force. No reply.
  caf::reacts_to<cluster_nodes>,
  // To one joined peer or to all. No reply.
  caf::reacts_to<tell_peers>,
  // Close the link to a peer, with a reason. No reply.
  caf::reacts_to<refuse_peer>,
  // Says `peer_joined` again, for actors that were restarted. No reply.
  caf::reacts_to<introduce_peers>,
  // New links take the certificates as they are now. No reply.
  caf::reacts_to<reload_certificates>,
  // This node stops: its peers hear of it now. No reply.
  caf::reacts_to<leave_cluster>,
  caf::replies_to<describe_nodes>::with<nodes_view>,
  // INTERNAL: the machine's next step.
  caf::reacts_to<step_due>>;

/// REGISTER, one per node of a cluster, control loop: the agreed configuration
/// (rules 1-7).
using register_actor =
  caf::typed_actor<caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>,
                   caf::reacts_to<peer_message_received>,
                   // A peer refuses this node, or no longer does. No reply.
                   caf::reacts_to<peer_refuses>,
                   // Each is answered once it is known how it ended.
                   caf::replies_to<file_read>::with<answer>,
                   caf::replies_to<propose_config>::with<answer>,
                   caf::replies_to<roll_back>::with<answer>,
                   caf::replies_to<cluster_command>::with<answer>,
                   caf::replies_to<describe_register>::with<register_view>,
                   caf::replies_to<has_register_started>::with<bool>,
                   // INTERNAL: the helper thread.
                   caf::reacts_to<state_read>, caf::reacts_to<state_written>,
                   // INTERNAL: the machine's next step.
                   caf::reacts_to<step_due>>;

/// OPERATORS, one per node of a cluster, control loop: what operators want of
/// servers, on every node (rule 17).
using operators_actor = caf::typed_actor<
  caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>,
  caf::reacts_to<peer_message_received>,
  // Answered when every joined peer has it, or after two seconds.
  caf::replies_to<operator_command>::with<operator_outcome>,
  // The configuration in force, and the generation it is. No reply.
  caf::reacts_to<apply_settings>,
  // Whether a peer has told its wishes; answered once one has, or when time is
  // up.
  caf::replies_to<await_peers>::with<bool>, caf::reacts_to<peers_overdue>,
  // INTERNAL: the helper thread.
  caf::reacts_to<state_read>, caf::reacts_to<state_written>,
  // INTERNAL: the machine's next step.
  caf::reacts_to<step_due>>;

/// METRICS, control loop: counters and snapshots for Prometheus.
using metrics_actor = caf::typed_actor<
  // The contents of `GET /metrics`.
  caf::replies_to<scrape>::with<scrape_view>, caf::reacts_to<publish_snapshot>,
  caf::reacts_to<backend_gone>, caf::reacts_to<frontends_changed>,
  caf::reacts_to<config_outcome>, caf::reacts_to<membership_changed>,
  caf::reacts_to<register_changed>>;

/// CONFIG, control loop: reads, checks and watches the file; owns the running
/// generation.
using config_actor = caf::typed_actor<
  // Answered when the file has been applied or refused.
  caf::replies_to<reload_config>::with<reload_result>,
  caf::replies_to<describe_config>::with<config_view>,
  // Could this node run a candidate of the cluster? Problems mean no.
  caf::replies_to<check_candidate>::with<apply_result>,
  // The cluster has agreed: make it so. Problems mean the old one is kept.
  caf::replies_to<apply_record>::with<apply_result>,
  // Reads a text of shared sections, on a node of a cluster.
  caf::replies_to<read_shared>::with<shared_reading>,
  // INTERNAL: the helper thread is done.
  caf::reacts_to<config_loaded>>;

/// CONNECTION, one per client connection, on its worker: that client's
/// journey. I/O events call it directly; messages reach it for the rest.
using connection_actor =
  caf::typed_actor<caf::replies_to<describe_connection>::with<connection_view>,
                   // Finish what is under way, then close. No reply.
                   caf::reacts_to<drain_connection>,
                   // Close now. No reply.
                   caf::reacts_to<close_connection>>;

/// LISTENER, one per frontend and worker, on its worker: accepts.
using listener_actor = caf::typed_actor<
  // Accept what waits, close the descriptor, drain the connections, end.
  caf::reacts_to<drain_listener>,
  // Serve a client that another worker's listener has accepted.
  caf::reacts_to<adopt_connection>,
  // INTERNAL: nothing is left to drain.
  caf::reacts_to<connections_gone>>;

/// WORKER, one per worker thread: keeps that thread's backends and listeners as
/// the supervisor wants them.
using worker_actor = caf::typed_actor<
  // A backend exists: where its reports go. No reply.
  caf::reacts_to<attach_backend>, caf::reacts_to<publish_snapshot>,
  // No frontend uses it any more. No reply.
  caf::reacts_to<backend_gone>,
  // Start accepting on a descriptor. No reply.
  caf::reacts_to<open_frontend>,
  // The frontend's rules changed: the next request takes them. No reply.
  caf::reacts_to<update_frontend>, caf::reacts_to<close_frontend>,
  // A drained listener has ended. No reply.
  caf::reacts_to<listener_ended>,
  // Asked after a change, to know that this worker has made it. Replies empty.
  caf::reacts_to<confirm_changes>,
  // Stop everything; `worker_stopped` to the supervisor when it is done.
  caf::reacts_to<stop_worker>,
  caf::replies_to<list_connections>::with<connection_list>,
  caf::replies_to<list_actors>::with<actor_list>,
  // Closes the connection with that id, if it lives here. No reply.
  caf::reacts_to<close_connection>>;

/// SUPERVISOR, control loop: starts, watches and restarts the others; applies
/// configurations; orderly stop.
using supervisor_actor = caf::typed_actor<
  // Binds what is new, then changes everything, or changes nothing.
  caf::replies_to<apply_settings>::with<apply_result>,
  // Binds what is new and holds it for 15 s; changes nothing.
  caf::replies_to<check_settings_fit>::with<apply_result>,
  caf::reacts_to<operator_state>,
  // The wish of an operator, from any node. No reply.
  caf::reacts_to<operator_wish>,
  // Whether a backend is out of this node's reach; /readyz says it. No reply.
  caf::reacts_to<own_evidence>,
  // SIGHUP or a changed file: passed on to the config actor. No reply.
  caf::reacts_to<reload_config>,
  // SIGTERM, SIGINT: rule 36. A second one stops at once. No reply.
  caf::reacts_to<stop_node>,
  // A worker has ended all its actors. No reply.
  caf::reacts_to<worker_stopped>,
  // INTERNAL: the helper thread has prepared the plans of a change.
  caf::reacts_to<plans_prepared>,
  // INTERNAL: no change used the sockets that a check has bound.
  caf::reacts_to<held_too_long>,
  // INTERNAL: global.stop_delay is over.
  caf::reacts_to<stop_step>>;

/// ADMIN, control loop: the directory of actors; answers the HTTP API by
/// asking them.
using admin_actor = caf::typed_actor<
  // The actors to ask from now on. No reply.
  caf::reacts_to<admin_directory>,
  // The answer of /readyz from now on. No reply.
  caf::reacts_to<readiness>,
  // One request; answered by its `reply`, not by a message.
  caf::reacts_to<api_call>,
  // A request or an answer of another node's admin actor. No reply.
  caf::reacts_to<peer_message_received>,
  // INTERNAL: another node has not answered.
  caf::reacts_to<question_overdue>>;

} // namespace troupe::actors
