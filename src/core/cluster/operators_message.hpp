// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/operators.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Messages between nodes about operators' wishes. Fields are only ever
/// appended (rule 18).
namespace troupe::cluster::operators {

/// All of the sender's state or a part of it.
struct state_body {
  snapshot part;
  bool operator==(const state_body&) const = default;
};

/// A node that holds something else sends all it holds.
struct digest_body {
  uint64_t fingerprint = 0;
  bool operator==(const digest_body&) const = default;
};

/// Wishes of the receiver's that the sender holds, or newer ones instead.
struct acks_body {
  std::vector<version> versions;
  bool operator==(const acks_body&) const = default;
};

struct undecodable {
  bool operator==(const undecodable&) const = default;
};

using message = std::variant<undecodable, state_body, digest_body, acks_body>;

/// Several bodies if there is more than fits in one; at least one.
std::vector<std::string> encode_state(const snapshot& x);
std::string encode(const digest_body& x);
std::string encode(const acks_body& x);

/// Never fails otherwise than by `undecodable`.
message decode(std::string_view bytes);

/// Of all that nodes must agree on.
uint64_t fingerprint(const snapshot& x);

} // namespace troupe::cluster::operators
