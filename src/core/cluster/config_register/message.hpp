// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/record.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Messages between the registers of two nodes. Every message carries
/// its sender's committed position, so each one heard also tells who is behind;
/// a `prepare` or `accept` is about the record after that position.
namespace troupe::cluster::config_register::message {

/// To all, each second and after every change: where I stand.
struct status {
  std::string cluster;
  std::string hash;    ///< of the committed text
  bool stored = false; ///< what I hold is on disk
  bool votes = false;  ///< may vote on the next record
  bool blank = false;  ///< never held a record, and knows that
  uint64_t incarnation = 0;
  std::string file_hash; ///< of the own file's shared sections
  node_list file_nodes;
  std::string adopting; ///< name of the node whose side this one takes
};

/// Send me your committed record.
struct fetch {};

/// My committed record. Answered with `status` once it is on disk.
struct learn {
  record committed;
};

/// Marks a prepare or accept of the very first record. `to` is the incarnation
/// it is meant for: one that reaches a node that was wiped since means nothing.
struct founding {
  std::string hash;    ///< of the text proposed
  bool forced = false; ///< by an operator, whatever the own file says
  uint64_t to = 0;
};

struct prepare {
  ballot number;
  std::optional<founding> first;
};

struct promise {
  ballot number;
  storage_id mine;
  storage_ids storages; ///< of the others, as far as the acceptor knows
  std::optional<vote> accepted;
};

struct accept {
  ballot number;
  record value;
  std::optional<founding> first;
};

struct accepted {
  ballot number;
  storage_id mine;
  storage_ids storages;
};

/// To a prepare or accept: no.
struct nack {
  ballot number;
  ballot promised;
  bool votes = false; ///< no: this node does not vote at all
};

/// I lost my disk: what do you hold, and promise me this ballot (rule 2).
struct recall {
  ballot number;
  storage_id mine;
};

struct recalled {
  ballot number;
  storage_id yours; ///< as asked
  bool ok = false;  ///< else one of the two below was in the way
  ballot promised;
  storage_id known;
  std::optional<vote> accepted;
};

struct check {
  version base;
  std::string hash;
  std::string text;
};

struct checked {
  version base;
  std::string hash;
  std::vector<std::string> problems;
};

/// Send me the records you keep of these generations.
struct fetch_history {
  uint64_t first = 0;
  uint64_t last = 0;
};

struct past {
  record what;
  bool superseded = false;
};

/// An operator here wants the cluster to form from your file.
struct form {
  std::string author;
  std::string reason;
  uint64_t time_ms = 0;
};

using body =
  std::variant<status, fetch, learn, prepare, promise, accept, accepted, nack,
               recall, recalled, check, checked, fetch_history, past, form>;

struct envelope {
  position from; ///< of the sender; epoch 0: none
  body content;
};

std::string encode(const envelope& x);

/// None if any part is cut short or out of bounds; of an unknown type too.
std::optional<envelope> decode(std::string_view bytes);

} // namespace troupe::cluster::config_register::message
