// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/live.hpp"
#include "core/time.hpp"
#include "net/loop/local_ptr.hpp"
#include "net/transport/stream.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <memory>

namespace troupe::net {

class bound_connection;
struct server_shelf;

/// Places of an idle connection: on its server's shelf, and among all of the
/// pool by age.
using shelf_hook = boost::intrusive::list_base_hook<
  boost::intrusive::tag<struct of_shelf>,
  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
using age_hook = boost::intrusive::list_base_hook<
  boost::intrusive::tag<struct of_pool>,
  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// And among those that have just been opened.
using young_hook = boost::intrusive::list_base_hook<
  boost::intrusive::tag<struct of_young>,
  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// One connection to a server: driven by a session, or idle in a pool.
struct server_connection final : shelf_hook,
                                 age_hook,
                                 young_hook,
                                 private stream_owner {
  server_connection(loop& l, stream_owner& owner) noexcept;
  ~server_connection();

  /// From now on whatever happens on it ends it: it is idle.
  void own_events() noexcept { io.owner(*this); }

  stream io;
  server_live* server = nullptr;
  endpoint address;
  uint64_t requests = 0; ///< 0: fresh
  time_point opened{};
  time_point idle_since{};
  uint64_t idle_turn = 0; ///< of the loop, when it became idle
  const stream_owner* last_owner = nullptr; ///< only an identity, in that turn
  /// A login counts on it: it serves one client, and is never pooled.
  bool bound = false;
  bound_connection* holder = nullptr; ///< of a bound one, while it is idle
  local_ptr<server_shelf> shelf;      ///< null: its server was gone already

private:
  void on_stream(stream&) override;
};

using server_connection_ptr = std::unique_ptr<server_connection>;

} // namespace troupe::net
