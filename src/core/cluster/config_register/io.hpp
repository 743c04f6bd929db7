// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/record.hpp"
#include "core/cluster/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The inputs and effects of the register's step machine.
namespace troupe::cluster::config_register {

/// The shared sections of a configuration: of the node's own file or of a
/// candidate.
struct shared_text {
  std::string text;
  std::string hash;
  node_list nodes; ///< its `cluster.nodes`
};

/// The author of a request, as rule 7 demands.
struct asker {
  std::string author; ///< user of the socket's other end, or token name
  std::string reason; ///< at most `reason_bytes_max`
  uint64_t time_ms = 0;
};

// -- inputs -------------------------------------------------------------------

/// INPUT: first of all, once. The contents of the last `persist` and
/// `keep_history`.
struct started {
  std::optional<std::string> content; ///< none: missing, or see `damaged`
  bool damaged = false; ///< there was a file, and it cannot be read
  std::string history;  ///< may be missing or old
  shared_text file;
  uint64_t wall_clock_ms = 0; ///< now, for display only
};

/// INPUT: membership's link to a node is usable from here on, or no longer.
struct peer_joined {
  std::string node;
};
struct peer_gone {
  std::string node;
};

/// INPUT: that node turns this one away, and why; no text: it no longer does.
struct turned_away {
  std::string node;
  std::string text;
};

/// INPUT: a `send` of kind `config_register` came from a joined peer.
struct received {
  std::string from;
  std::string body;
};

/// INPUT: the answer to a `check`; no problems means yes.
struct checked {
  version base;
  std::string hash;
  std::vector<std::string> problems;
};

/// INPUT: `config apply`, `rollback` (an old text again).
struct propose {
  uint64_t request = 0;
  shared_text candidate;
  asker by;
  /// Generation the author started from; none: the one this node is at. If
  /// another change comes first, this one is a conflict.
  std::optional<uint64_t> base;
  bool force = false; ///< overrides refusals of checks
  /// Goes after whatever comes first instead, whatever the base is.
  bool rebase = false;
};

/// INPUT: SIGHUP, or the file changed. Local sections are not the register's.
struct file_changed {
  uint64_t request = 0;
  std::string name; ///< as the user knows it, for messages
  shared_text file;
  asker by;
};

/// INPUT: how it went with a `publish`.
struct applied {
  version at;
};
struct apply_failed {
  version at;
  std::string problem;
};

/// INPUT: `cluster form --from NODE`.
struct form {
  uint64_t request = 0;
  std::string from;
  asker by;
};

/// INPUT: `cluster recover --nodes ...`. The candidate is the committed text
/// with `cluster.nodes` reduced to the survivors.
struct recover {
  uint64_t request = 0;
  shared_text candidate;
  asker by;
};

/// INPUT: `cluster adopt NODE`: of two sides with one epoch, that node's
/// counts.
struct adopt {
  uint64_t request = 0;
  std::string node;
};

/// INPUT: a `persist` failed. Effects that waited behind it must have been
/// dropped; `durable` is what is on disk now.
struct persist_failed {
  std::optional<std::string> durable;
};

/// INPUT: time passed.
struct tick {};

using input =
  std::variant<started, peer_joined, peer_gone, turned_away, received, checked,
               propose, file_changed, applied, apply_failed, form, recover,
               adopt, persist_failed, tick>;

// -- effects ------------------------------------------------------------------

/// EFFECT: replaces the history file. Needs neither order nor fsync: what is
/// missing there is fetched from peers.
struct keep_history {
  std::string content;
};

/// EFFECT: check this on this node, hold what was checked for 15 s, then give
/// `checked` with the same base and hash (rule 5).
struct check {
  version base;
  std::string hash;
  std::string text;
  std::string from; ///< the node that proposes
};

/// EFFECT: agreed. Apply it, then give `applied` or `apply_failed`. A newer one
/// replaces it; after a failure it is published again, with backoff.
struct publish {
  record committed;
};

/// EFFECT: agreed without this node, which has nothing to apply; but the nodes
/// that count follow it.
struct left_out {
  record committed;
};

enum class outcome {
  committed, ///< is and stays, as long as a majority's disks do
  refused,   ///< never was and never will be
  conflict,  ///< refused because another change came first
  unknown,   ///< decided or not, the next change finds out
  no_op,     ///< nothing to do
};

struct refusal {
  std::string node;
  std::vector<std::string> problems;
};

/// EFFECT: exactly one for each request.
struct answer {
  uint64_t request = 0;
  outcome result{};
  version at;       ///< the record it speaks of
  std::string text; ///< for people
  std::vector<refusal> refusals;
  std::vector<std::string> not_checked; ///< nodes that gave no answer
  std::optional<record> other;          ///< in a conflict: what came first
};

enum class event_kind {
  committed,
  recovered, ///< votes again after it lost its disk
  non_voter,
  removed,
  superseded,
  epoch_conflict,
  refused_peer,
  formation_blocked,
  file_differs,
  apply_failed,
  disk_failed,
};

const char* to_string(event_kind x);
const char* to_string(outcome x);

/// EFFECT: for the log and the event list.
struct event {
  event_kind kind{};
  std::string text;
};

/// EFFECT: close the link to this peer and tell both sides why. It may dial
/// again: the refusal is decided again each time it joins.
struct refuse {
  std::string node;
  std::string text;
};

/// Why a node does not vote, or that it does.
enum class standing {
  blank,   ///< never held a record
  founder, ///< promised or accepted while the cluster forms
  voter,
  provisional, ///< may vote on the next generation only, then asks again
  non_voter,   ///< lost its disk and was not let back in yet
};

const char* to_string(standing x);

struct register_status {
  version committed; ///< `cluster_generation`, `cluster_epoch`
  version applied;   ///< `config_generation`
  standing as = standing::blank;
  bool listed = false; ///< in `cluster.nodes` of the committed record
  bool votes = false;  ///< `cluster_voter`
  bool proposing = false;
  std::string obstacle; ///< what keeps the cluster from forming, if something
  std::string conflict; ///< `cluster_epoch_conflict`, if not empty
  std::string no_vote;  ///< why it does not vote, in words; empty if it does
  /// The action that an operator has to take because too few nodes vote; else
  /// empty.
  std::string way_out;
  bool operator==(const register_status&) const = default;
};

/// Whether a node in `cluster.nodes` of the committed record votes, as far as
/// this one has heard.
struct peer_vote {
  std::string node;
  std::optional<bool> votes;
};

/// EFFECT: differs from the last one.
struct status_changed {
  register_status now;
};

using effect = std::variant<send, persist, wake, keep_history, check, publish,
                            left_out, answer, event, refuse, status_changed>;
using effects = std::vector<effect>;

} // namespace troupe::cluster::config_register
