// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"
#include "core/snapshot.hpp"
#include "core/stable_hash.hpp"

#include <cstdint>
#include <memory>
#include <span>

/// Balancing policies. A policy object belongs to one (worker, backend,
/// algorithm) and is used by that thread only; the snapshot it picks from is
/// shared and immutable.
namespace troupe {

inline constexpr int no_server = -1;

struct pick_request {
  uint64_t client_hash = 0; ///< stable_hash of the client's IP bytes
  /// Indices (into `snapshot.servers`) of servers this request already failed
  /// on. Taken again only if every usable server is among them.
  std::span<const uint32_t> avoid;
};

class policy {
public:
  virtual ~policy() = default;

  /// Chooses among `snapshot.usable`, passing over full servers
  /// (`in_flight >= max_connections > 0`) and those in `request.avoid`. A full
  /// server is never chosen, so a request may have to wait for one although
  /// the server it failed on is free.
  ///
  /// The memory of a policy (cursor, running weights) is carried from one
  /// snapshot to the next by server name. Snapshots of equal name, version,
  /// generation and `servers.data()` are taken for the same publication. Every
  /// usable server must have a `live` part; a weight of 0 counts as 1.
  /// @returns an index into `snapshot.servers`, or `no_server`. Never allocates
  /// once it has seen the snapshot's version.
  virtual int pick(const backend_snapshot& snapshot,
                   const pick_request& request) noexcept = 0;
};

/// @param seed Differs between workers, so that their cursors start apart
/// (rule 25) and their random draws are not the same.
std::unique_ptr<policy> make_policy(algorithm kind, uint64_t seed);

} // namespace troupe
