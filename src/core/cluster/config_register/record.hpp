// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/wire.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The configuration register: one replicated record that changes only by
/// agreement (rules 1-7). This file: what is agreed on, and how it is ordered.
namespace troupe::cluster::config_register {

inline constexpr size_t text_bytes_max = size_t{1} << 20;
inline constexpr size_t reason_bytes_max = 500;
inline constexpr size_t nodes_max = 64;

/// One line of `cluster.nodes`.
struct node_entry {
  std::string name;
  std::string address;
  bool operator==(const node_entry&) const = default;
};

using node_list = std::vector<node_entry>;

/// Which record. {0, 0} is none: every node serves its own file. An epoch
/// begins when a cluster forms and when an operator recovers from a lost
/// majority.
struct version {
  uint64_t epoch = 0;
  uint64_t generation = 0;
  auto operator<=>(const version&) const = default;
};

/// The result of an agreement of the cluster. `mark` names the act that began
/// the epoch, so that two sides that each began the same one are told apart.
struct record {
  version at;
  std::string mark;
  uint64_t since = 0; ///< generation of the first record of this epoch
  std::string text;   ///< the shared sections as written; opaque here
  std::string hash;   ///< of text
  node_list nodes;    ///< `cluster.nodes` of text
  std::string author;
  std::string node; ///< where the author asked
  std::string reason;
  uint64_t time_ms = 0;            ///< wall clock; for display only
  std::vector<std::string> forced; ///< refusals overridden, "lb2: problem"
  bool operator==(const record&) const = default;
};

/// How far a node's committed record is.
struct position {
  version at;
  std::string mark;
  bool operator==(const position&) const = default;
};

position position_of(const record& x);

enum class relation {
  same,
  behind, ///< the first is older and may take the second's record
  ahead,
  apart, ///< same epoch begun by two sides: never merged (rule 4)
};

/// How the first stands to the second: by epoch, then generation.
relation compare(const position& mine, const position& theirs);

/// Of one Paxos instance; {0, ""} is below every real one.
struct ballot {
  uint64_t round = 0;
  std::string node;
  auto operator<=>(const ballot&) const = default;
};

/// The value that an acceptor accepted.
struct vote {
  ballot number;
  record value;
  bool operator==(const vote&) const = default;
};

/// What a voter remembers its votes in: counts how often the node lost its disk
/// and was let back in. Votes with an earlier count are void once a voter has
/// heard of a later one: the node no longer stands by them (see recovery.cpp).
/// The nonce tells two attempts at the same count apart.
struct storage_id {
  uint64_t count = 0;
  uint64_t nonce = 0;
  bool operator==(const storage_id&) const = default;
};

using storage_ids = std::map<std::string, storage_id>;

const node_entry* find(const node_list& nodes, std::string_view name);
bool lists(const node_list& nodes, std::string_view name);

/// How many nodes are added, removed or given another address; a change may do
/// one of it (rule 1).
size_t changes_between(const node_list& before, const node_list& after);

void encode(wire_writer& out, const record& x);
void encode(wire_writer& out, const node_list& x);
void encode(wire_writer& out, const version& x);
void encode(wire_writer& out, const position& x);
void encode(wire_writer& out, const ballot& x);
void encode(wire_writer& out, const storage_id& x);
void encode(wire_writer& out, const storage_ids& x);
void encode(wire_writer& out, const std::optional<vote>& x);
void encode(wire_writer& out, const std::vector<std::string>& x);

/// These fail the reader on anything out of bounds; what they return then is
/// not to be used.
record decode_record(wire_reader& in);
node_list decode_nodes(wire_reader& in);
version decode_version(wire_reader& in);
position decode_position(wire_reader& in);
ballot decode_ballot(wire_reader& in);
storage_id decode_storage_id(wire_reader& in);
storage_ids decode_storage_ids(wire_reader& in);
std::optional<vote> decode_vote(wire_reader& in);
std::vector<std::string> decode_lines(wire_reader& in);

} // namespace troupe::cluster::config_register
