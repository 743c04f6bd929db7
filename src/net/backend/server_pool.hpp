// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/recent_peak.hpp"
#include "core/snapshot.hpp"
#include "net/backend/bound_connection.hpp"
#include "net/backend/server_connection.hpp"
#include "net/backend/young_connections.hpp"

#include <unordered_map>
#include <vector>

namespace troupe::net {

class server_pool;

using shelf_list =
  boost::intrusive::list<server_connection,
                         boost::intrusive::base_hook<shelf_hook>,
                         boost::intrusive::constant_time_size<false>>;

/// One worker's connections to one server. Outlives its pool's interest in it
/// for as long as a connection is at work.
struct server_shelf : local_counted<server_shelf> {
  server_pool* pool = nullptr; ///< null once nothing is kept here any more
  endpoint address;
  std::vector<endpoint>
    others;          ///< of the same name: streams there may continue
  bool keeps = true; ///< false: its server is drained, in maint or down
  uint32_t at_work = 0;
  recent_peak busy;
  shelf_list idle; ///< oldest first; what came back in an earlier turn
  shelf_list back; ///< what came back in `back_turn`
  uint64_t back_turn = 0;
  uint32_t idle_count = 0; ///< in both
  uint32_t back_count = 0;
  shelf_list bound;   ///< each for one client: in no count
  uint64_t round = 0; ///< of the adopt() that named it
};

/// Idle connections of one worker to the servers of one backend, newest first
/// out. Anything that happens on an idle connection closes it: bytes that come
/// unasked must never meet the next request.
///
/// So that they can come to light, what came back in this turn of the loop is
/// given to no other client before the poller was asked once more.
class server_pool final : private loop_client {
public:
  explicit server_pool(loop& l);
  ~server_pool();
  server_pool(const server_pool&) = delete;
  server_pool& operator=(const server_pool&) = delete;

  /// Servers that are gone, have another address, are drained, in maint or
  /// down lose their idle connections; those at work are not kept later.
  /// Looks at each server once, and no further where nothing changed.
  /// @param before The snapshot that was adopted last, or null.
  /// @returns whether a server came, left, changed its place or its addresses.
  bool adopt(const backend_snapshot& snapshot, const backend_snapshot* before);

  /// Gives up all servers.
  void close() noexcept;

  /// Whether the last snapshot has that server at that address.
  bool serves(const server_live& server, const endpoint& address) const;

  /// An idle connection to `server`, or null.
  /// @param proven Take only one that is quiet at this very moment, for
  /// requests that must not be sent twice (rule 37).
  server_connection_ptr take(const server_route& server, bool proven,
                             stream_owner& owner);

  /// The connection that is bound to this client, or null if it ended.
  server_connection_ptr take(bound_connection& from, bool proven,
                             stream_owner& owner);

  /// Counts a new connection to its server, which is `connection.server`.
  void enlist(server_connection& connection);

  /// Keeps `connection` for later, unless its server is gone or gives up what
  /// is idle, the loop has none to spare, or it is not clean. Where the shelf
  /// is full, the oldest one is closed.
  void put(server_connection_ptr connection, time_point now);

  /// Keeps a bound connection for its client alone, as long as that stays.
  void put(server_connection_ptr connection, bound_connection& into);

  /// Those that any client may get.
  size_t idle_count() const noexcept { return idle_; }

  /// Ends an idle connection.
  void drop(server_connection& connection) noexcept;

private:
  using age_list =
    boost::intrusive::list<server_connection,
                           boost::intrusive::base_hook<age_hook>,
                           boost::intrusive::constant_time_size<false>>;

  void on_timer() override;
  void on_ready() override {}
  void update(server_shelf& shelf, const server_route& server);
  void adopt_anew(const backend_snapshot& snapshot);
  bool may_keep(server_connection& connection) const;
  bool make_room(server_shelf& shelf, time_point now);
  void note_busy(server_shelf& shelf) noexcept;
  /// Those of an earlier turn are like the others.
  void age(server_shelf& shelf) noexcept;
  server_connection* newest_for(server_shelf& shelf,
                                const stream_owner& owner) noexcept;
  bool is_quiet_now(const server_connection& connection, bool proven) const;
  void hand_out(server_connection& connection, stream_owner& owner);
  void let_rest(server_connection_ptr connection) noexcept;
  server_connection_ptr take_out(server_connection& connection) noexcept;
  void empty(server_shelf& shelf) noexcept;
  void give_up(server_shelf& shelf) noexcept;

  loop& loop_;
  client_token timer_;
  std::unordered_map<const server_live*, local_ptr<server_shelf>> shelves_;
  age_list by_age_; ///< oldest first
  pool_settings settings_;
  young_connections young_;
  size_t idle_ = 0;
  uint64_t round_ = 0;
};

} // namespace troupe::net
