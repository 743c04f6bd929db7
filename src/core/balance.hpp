// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"
#include "core/snapshot.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

/// Balancing policies. A policy object belongs to one (worker, frontend) and is
/// used by that thread only; the snapshot it picks from is shared and
/// immutable.
namespace troupe {

/// A fixed 64-bit hash (FNV-1a with a final avalanche): part of the contract
/// between nodes, documented in docs/, so never std::hash.
uint64_t stable_hash(std::string_view bytes, uint64_t seed = 0) noexcept;

inline constexpr int no_server = -1;

struct pick_request {
  uint64_t client_hash = 0; ///< stable_hash of the client's IP bytes
  /// Indices of servers this request already failed on: taken again only if
  /// nothing else is usable... see `pick`.
  std::span<const uint32_t> avoid;
};

class policy {
public:
  virtual ~policy() = default;

  /// Chooses among `snapshot.usable`, passing over full servers
  /// (`in_flight >= max_connections > 0`) and those in `request.avoid`.
  /// @returns an index into `snapshot.servers`, or `no_server`. Never allocates
  /// once it has seen the snapshot's version.
  virtual int pick(const backend_snapshot& snapshot,
                   const pick_request& request) noexcept = 0;
};

/// @param seed Differs between workers, so that their cursors start apart
/// (rule 25) and their random draws are not the same.
std::unique_ptr<policy> make_policy(algorithm kind, uint64_t seed);

} // namespace troupe
