// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/message.hpp"
#include "core/health.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The wishes of operators for servers, on every node and over restarts (rule
/// 17): a map in which the last writer wins by Lamport version. Needs no
/// majority.
namespace troupe::cluster::operators {

inline constexpr size_t reason_bytes_max = 500;
inline constexpr size_t name_bytes_max = 256;
/// No message is longer; more becomes several.
inline constexpr size_t message_bytes_max = 256 * 1024;
/// An answer waits this long for peers to confirm.
inline constexpr milliseconds answer_timeout{2'000};
inline constexpr milliseconds digest_interval{3'000};

struct server_key {
  std::string backend;
  std::string server;
  auto operator<=>(const server_key&) const = default;
};

/// Lamport (1978): greater than all its writer had seen; the name settles ties.
struct version {
  uint64_t counter = 0;
  std::string node;
  auto operator<=>(const version&) const = default;
};

struct entry {
  version at{};
  admin_state admin = admin_state::ready;
  std::optional<uint64_t> weight{}; ///< instead of the configured one
  uint64_t weight_base = 0; ///< the configured one when that was asked for
  /// Generation its writer ran. Is it older than the one that brought the
  /// server, it was about another server of that name.
  uint64_t generation = 0;
  std::string author{};
  std::string reason{};
  uint64_t time_ms = 0; ///< wall clock; for display only
  bool operator==(const entry&) const = default;
};

using entry_map = std::map<server_key, entry>;

/// Generations that brought the servers, as far as any node knows; at least.
using introduction_map = std::map<server_key, uint64_t>;

/// The whole state, as on disk and as one node tells another.
struct snapshot {
  uint64_t counter = 0;
  entry_map entries;
  introduction_map introduced;
  bool operator==(const snapshot&) const = default;
};

std::string encode(const snapshot& x);
/// Nothing if it cannot be read.
std::optional<snapshot> decode_snapshot(std::string_view bytes);

/// Which of two wishes for one server holds, on every node and in whatever
/// order they come: commutative, associative, idempotent. The newer version; of
/// one version (a node that lost its disk may use it twice) the greater
/// content; of the same the one whose weight a generation has ended.
const entry& merge(const entry& a, const entry& b);

// -- inputs -------------------------------------------------------------------

/// INPUT: first of all. The content of the last `persist`; none: learn from
/// peers.
struct started {
  std::optional<std::string> content;
};

/// INPUT: servers of the configuration in force, with their weights.
struct servers_changed {
  uint64_t generation = 0;
  std::map<server_key, uint64_t> weights;
};

/// INPUT: fields that are not set stay. For a server that is not in the
/// configuration the answer names no node.
struct command {
  uint64_t request = 0;
  server_key of;
  std::optional<admin_state> admin{};
  std::optional<uint64_t> weight{};
  bool reset_weight = false;
  std::string author{};
  std::string reason{};
  uint64_t time_ms = 0;
};

struct joined {
  std::string peer;
};
struct left {
  std::string peer;
};
struct received {
  std::string from;
  std::string body;
};
struct tick {};

using input =
  std::variant<started, servers_changed, command, joined, left, received, tick>;

// -- effects ------------------------------------------------------------------

/// EFFECT: this holds for the server from now on; `ready` and no weight once
/// nothing is wished any more.
struct wish {
  server_key of;
  admin_state admin = admin_state::ready;
  std::optional<uint64_t> weight{};
  std::string author{}; ///< empty: the wish has ended with its server
  std::string reason{};
  uint64_t time_ms = 0;
  bool operator==(const wish&) const = default;
};

/// EFFECT: exactly one for each command.
struct answer {
  uint64_t request = 0;
  std::vector<std::string> in_force; ///< nodes that have it, this one first
  std::vector<std::string> missing;  ///< joined ones that have not said so
};

using effect = std::variant<send, persist, wish, answer, wake>;
using effects = std::vector<effect>;

class machine {
public:
  explicit machine(std::string self) : self_(std::move(self)) {}

  effects step(const input& in, time_point now);

  const snapshot& state() const noexcept { return state_; }
  uint64_t undecodable() const noexcept { return undecodable_; }

private:
  struct pending {
    version at;
    std::vector<std::string> in_force;
    std::set<std::string> missing;
    time_point until{};
  };

  void take(const started& in);
  void take(const servers_changed& in);
  void take(const command& in);
  void take(const joined& in);
  void take(const left& in);
  void take(const received& in);
  void take(const tick& in);

  bool take_told(const snapshot& told);
  bool take_told(const server_key& of, const entry& told);
  void take_state(const std::string& from, const snapshot& told);
  void take_digest(const std::string& from, uint64_t theirs);
  void introduce(const servers_changed& in);
  bool drop_outlived();
  void end_weight(const server_key& of, entry& x) const;
  void express(const server_key& of, const entry& x);
  void confirm(const std::string& node, const std::vector<version>& all);
  void answer_due();
  void send_state(const std::string& to);
  void send_to(const std::string& to, std::string body);

  const std::string self_;
  snapshot state_;
  std::map<server_key, uint64_t> weights_; ///< configured
  uint64_t generation_ = 0;
  bool configured_ = false;
  std::set<std::string> peers_;
  std::map<uint64_t, pending> pending_;
  time_point next_digest_{};
  time_point now_{};
  uint64_t undecodable_ = 0;
  effects out_;
};

} // namespace troupe::cluster::operators
