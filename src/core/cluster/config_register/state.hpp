// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/machine.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The state that one node must not forget.
namespace troupe::cluster::config_register {

/// Kept by `persist`. Promise and vote are about the record after `committed`.
struct durable_state {
  std::string cluster;
  standing as = standing::blank;
  std::optional<record> committed;
  ballot promised;
  std::optional<vote> accepted;
  storage_id mine;
  storage_ids storages; ///< of the other nodes
  /// The own file's shared sections as last read, and the record they
  /// corresponded to (rule 6).
  std::string base_hash;
  version base;
};

std::string encode(const durable_state& x);

/// None if cut short or out of bounds.
std::optional<durable_state> decode_state(std::string_view bytes);

/// The last records, in order. One that comes late is put in its place.
class history_list {
public:
  static constexpr size_t records_max = 20;

  /// @param taken_ms See machine::past.
  void add(record what, bool superseded, uint64_t taken_ms);

  /// Marks those that a new epoch leaves behind: records of a lower one, from
  /// generation `since` on.
  /// @returns how many were not marked before.
  size_t supersede_below(uint64_t epoch, uint64_t since);

  /// Marks the whole side that the mark names.
  void supersede_side(std::string_view mark);

  /// The newest of this generation that is not superseded, else null.
  const record* find(uint64_t generation) const;

  /// The newest that lists this node, else null.
  const record* newest_with(std::string_view node) const;

  std::span<const machine::past> records() const { return records_; }

private:
  std::vector<machine::past> records_;
};

std::string encode(const history_list& x);

/// As many as can be read.
history_list decode_history(std::string_view bytes);

} // namespace troupe::cluster::config_register
