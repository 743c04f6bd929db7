// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/command_line.hpp"

/// The verbs, a function and a file (src/ctl/verbs/) a family. A new family is
/// declared here and called by add_verbs().
namespace troupe::ctl {

void add_status_verb(command_line& to);      ///< status
void add_nodes_verb(command_line& to);       ///< nodes
void add_backends_verb(command_line& to);    ///< backends
void add_why_verb(command_line& to);         ///< why
void add_explain_verb(command_line& to);     ///< explain
void add_events_verb(command_line& to);      ///< events
void add_server_verbs(command_line& to);     ///< drain, ready, maint, weight
void add_top_verb(command_line& to);         ///< top
void add_actors_verb(command_line& to);      ///< actors
void add_connection_verbs(command_line& to); ///< connections, close
void add_config_verbs(command_line& to);     ///< config check, show, reload
/// config diff, apply, pull, history, rollback
void add_agreed_config_verbs(command_line& to, CLI::App& family);
void add_cluster_verbs(command_line& to);   ///< cluster form, recover, adopt
void add_node_verbs(command_line& to);      ///< log-level, version
void add_completion_verb(command_line& to); ///< completion

/// All of them, in the order in which --help shows them.
void add_verbs(command_line& to);

} // namespace troupe::ctl
