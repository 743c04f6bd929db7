// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/effective_state.hpp"
#include "core/endpoint.hpp"
#include "core/live.hpp"
#include "core/settings.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// One server as the data path sees it.
struct server_route {
  std::string name;
  endpoint address; ///< empty while its name does not resolve: never usable
  /// The other addresses of its name: tried when a connect to the first fails.
  std::vector<endpoint> others;
  bool by_name = false; ///< its addresses may change
  unsigned weight = 1;
  uint32_t max_connections = 0; ///< 0 is no limit
  effective_state state;
  admin_state admin = admin_state::ready;
  uint64_t name_hash = 0; ///< stable_hash(name), for ip_hash
  std::shared_ptr<server_live> live;
  // For display, whatever rule decided:
  status verdict = status::up; ///< this node's own status without a cluster
  bool vetoed = false;
  bool disputed = false; ///< this node's state differs from that verdict
  /// Percent of its share that it gets; below 100 while `slow_start` lasts.
  uint32_t ramp = 100;
};

/// Whether it is one of the addresses that the server's name stands for.
inline bool has_address(const server_route& server, const endpoint& address) {
  return server.address == address
      || std::ranges::find(server.others, address) != server.others.end();
}

/// The routing snapshot of one backend: immutable, made by its router, shared
/// with every worker. Health, weight and admin state stand together, so no
/// reader can see them disagree.
struct backend_snapshot {
  std::string name;
  uint64_t version = 0;    ///< grows with every publication of this backend
  uint64_t generation = 0; ///< of the configuration it was made from
  std::vector<server_route> servers;
  /// Indices into `servers` a new request may be given to, in order.
  std::vector<uint32_t> usable;
  bool fail_open = false;
  bool panic = false;
  milliseconds timeout_connect{3'000};
  milliseconds timeout_response{30'000};
  pool_settings pool;
  unsigned retries_max = 2;
  queue_settings queue;
  passive_settings passive;
  milliseconds tcp_keepalive{60'000};
  down_action on_down = down_action::finish;
  up_action on_up = up_action::keep;
  std::shared_ptr<backend_live> live;
};

using snapshot_ptr = std::shared_ptr<const backend_snapshot>;

} // namespace troupe
