// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/snapshot.hpp"
#include "net/server_connection.hpp"

#include <unordered_map>
#include <vector>

namespace troupe::net {

/// Idle connections of one worker to the servers of one backend, newest first
/// out. Anything that happens on an idle connection closes it: bytes that come
/// unasked must never meet the next request.
class server_pool final : private stream_owner, private loop_client {
public:
  explicit server_pool(loop& l);
  ~server_pool();
  server_pool(const server_pool&) = delete;
  server_pool& operator=(const server_pool&) = delete;

  /// Servers that are gone, or have another address, lose their connections.
  void adopt(const backend_snapshot& snapshot);

  /// An idle connection to `server`, or null.
  /// @param proven Take only one that is quiet at this very moment, for
  /// requests that must not be sent twice (rule 37).
  server_connection_ptr take(const server_route& server, bool proven,
                             stream_owner& owner);

  /// Keeps `connection` for later, unless its server is gone, the shelf is
  /// full, the loop has none to spare, or it is not clean.
  void put(server_connection_ptr connection, time_point now);

  size_t idle_count() const noexcept { return idle_; }

private:
  struct shelf {
    endpoint address;
    std::vector<server_connection_ptr> idle; ///< oldest first
    uint64_t round = 0;                      ///< of the adopt() that named it
  };

  void on_stream(stream& s) override;
  void on_timer() override;
  void on_ready() override {}
  void drop(shelf& from, size_t index) noexcept;
  /// So many are idle here no more.
  void forget(size_t count) noexcept;

  loop& loop_;
  client_token timer_;
  std::unordered_map<const server_live*, shelf> shelves_;
  pool_settings settings_;
  size_t idle_ = 0;
  uint64_t round_ = 0;
};

} // namespace troupe::net
