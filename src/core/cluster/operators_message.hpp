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
namespace troupe::cluster::wishes {

/// All of the sender's state or a part of it.
struct told_state {
  snapshot part;
  bool operator==(const told_state&) const = default;
};

/// A node that holds something else sends all it holds.
struct told_digest {
  uint64_t print = 0;
  bool operator==(const told_digest&) const = default;
};

/// Wishes of the receiver's that the sender holds, or newer ones instead.
struct told_acks {
  std::vector<version> versions;
  bool operator==(const told_acks&) const = default;
};

struct undecodable {
  bool operator==(const undecodable&) const = default;
};

using message = std::variant<undecodable, told_state, told_digest, told_acks>;

/// Several bodies if there is more than fits in one; at least one.
std::vector<std::string> encode_state(const snapshot& x);
std::string encode(const told_digest& x);
std::string encode(const told_acks& x);

/// Never fails otherwise than by `undecodable`.
message decode(std::string_view bytes);

/// Of all that nodes must agree on.
uint64_t fingerprint(const snapshot& x);

} // namespace troupe::cluster::wishes
