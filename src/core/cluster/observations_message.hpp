// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/verdict.hpp"

#include <cstdint>
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

struct observation_body {
  uint64_t target = 0;
  std::string observer;
  observation what;
  uint64_t age_ms = 0; ///< adds up over every hop
  /// What the sender takes for the verdict, if that has stood for a while: a
  /// node that starts takes it over.
  std::optional<troupe::status> verdict{};
  bool operator==(const observation_body&) const = default;
};

enum class message_type : uint64_t {
  change = 1,    ///< what just changed
  digest = 2,    ///< everything the sender holds
  suspicion = 3, ///< its traffic fails to connect
};

struct message {
  message_type type{};
  bool last = false; ///< of the messages of one digest
  std::vector<observation_body> observations;
  uint64_t target = 0; ///< of a suspicion
  uint64_t failures = 0;
  bool operator==(const message&) const = default;
};

/// Several bodies if there is more than fits in one; at least one.
std::vector<std::string> encode(message_type type,
                                const std::vector<observation_body>& all);
std::string encode_suspicion(uint64_t target, uint64_t failures);

/// Nothing if it cannot be read or is of a later version.
std::optional<message> decode(std::string_view bytes);

} // namespace troupe::cluster::observations
