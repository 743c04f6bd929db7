// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/backend/server_connection.hpp"
#include "net/loop/loop.hpp"

#include <boost/intrusive/list.hpp>

namespace troupe::net {

/// Connections to servers that have just been opened. Those that are still
/// there after a second get TCP keep-alive (rule 143); the others ended before
/// it could tell anything, and are spared its four system calls.
class young_connections final : private loop_client {
public:
  explicit young_connections(loop& l);
  ~young_connections();
  young_connections(const young_connections&) = delete;
  young_connections& operator=(const young_connections&) = delete;

  /// For those that come of age from now on. @param time See keep_alive(); 0
  /// leaves sockets as they are.
  void keepalive(milliseconds time) noexcept { keepalive_ = time; }

  void add(server_connection& connection);

private:
  using young_list =
    boost::intrusive::list<server_connection,
                           boost::intrusive::base_hook<young_hook>,
                           boost::intrusive::constant_time_size<false>>;

  void on_timer() override;
  void on_ready() override {}

  loop& loop_;
  client_token timer_;
  young_list oldest_first_;
  milliseconds keepalive_{};
};

} // namespace troupe::net
