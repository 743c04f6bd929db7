// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/verdict.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What nodes tell each other of servers. Fields are only ever appended (rule
/// 18).
namespace troupe::cluster::observations {

/// No message is longer; more becomes several.
inline constexpr size_t message_bytes_max = 256 * 1024;
inline constexpr size_t evidence_bytes_max = 200;
/// No age that is told is taken for more.
inline constexpr uint64_t age_ms_max = 3'600'000;

struct observation_body {
  uint64_t target = 0;
  std::string observer;
  observation what;
  uint64_t age_ms = 0; ///< adds up over every hop
  /// What the sender takes for the verdict, if that has stood for a while: a
  /// node that starts takes it over.
  std::optional<troupe::status> verdict{};
  /// In its observer's report: the sequence since which it says the same. 0: it
  /// is in none.
  uint64_t since = 0;
  bool operator==(const observation_body&) const = default;
};

/// An observer has at most two observations of a target: its vote, and a look
/// that is not complete.
struct report_key {
  uint64_t target = 0;
  bool complete = false;
  auto operator<=>(const report_key&) const = default;
};

/// What one observer says: since which sequence it says so, by key.
using report_items = std::map<report_key, uint64_t>;

/// The same for the same items, and for others hardly ever.
uint64_t fingerprint_of(const report_items& items);

/// All that one observer says, as of that number. Most of it the peers hold
/// already: then the fingerprint and the ages are enough.
struct report {
  std::string observer;
  uint64_t incarnation = 0;
  uint64_t number = 0;      ///< from its sequences: newer than all it had said
  uint64_t fingerprint = 0; ///< of all its items
  bool whole = false;       ///< `items` begin anew; else they are what changed
  /// It sees no majority, so it tells nothing and keeps its parts: it is not to
  /// be taken for one that does not look.
  bool muted = false;
  std::vector<observation_body> items;
  std::vector<report_key> gone;
  std::vector<uint64_t> ages_ms; ///< of all, by key; not if `items` are all
  bool operator==(const report&) const = default;
};

/// The report of an observer that who asks holds already.
struct known_report {
  std::string observer;
  uint64_t incarnation = 0;
  uint64_t number = 0; ///< 0: none
  uint64_t fingerprint = 0;
  bool operator==(const known_report&) const = default;
};

enum class message_type : uint64_t {
  change = 1,    ///< what just changed
  digest = 2,    ///< everything; between nodes of protocol 1 and others
  suspicion = 3, ///< its traffic fails to connect
  report =
    4, ///< the sender's own: what changed lately, the fingerprint, the ages
  question = 5, ///< which reports it wants, and what it has of them
  answer = 6,   ///< of these, what it lacks
};

struct message {
  message_type type{};
  bool last = false; ///< of the messages of one digest or answer
  std::vector<observation_body> observations;
  uint64_t target = 0; ///< of a suspicion
  uint64_t failures = 0;
  std::vector<report> reports;     ///< of a report (one) or an answer
  std::vector<known_report> known; ///< of a question
  bool operator==(const message&) const = default;
};

/// Several bodies if there is more than fits in one; at least one.
std::vector<std::string> encode(message_type type,
                                const std::vector<observation_body>& all);
std::string encode_suspicion(uint64_t target, uint64_t failures);
/// One body. Its items are left out if they are too long: who lacks them asks.
std::string encode_report(report x);
std::string encode_question(const std::vector<known_report>& known);
/// Several bodies if there is more than fits in one; at least one.
std::vector<std::string> encode_answer(std::vector<report> reports);

/// Nothing if it cannot be read or is of a later version.
std::optional<message> decode(std::string_view bytes);

} // namespace troupe::cluster::observations
