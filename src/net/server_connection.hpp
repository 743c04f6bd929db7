// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/live.hpp"
#include "core/time.hpp"
#include "net/stream.hpp"

#include <cstdint>
#include <memory>

namespace troupe::net {

/// One connection to a server: driven by a session, or idle in a pool.
struct server_connection {
  server_connection(loop& l, stream_owner& owner) noexcept : io(l, owner) {}
  stream io;
  server_live* server = nullptr;
  endpoint address;
  uint64_t requests = 0; ///< 0: fresh
  time_point idle_since{};
};

using server_connection_ptr = std::unique_ptr<server_connection>;

} // namespace troupe::net
