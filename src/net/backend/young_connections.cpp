// SPDX-License-Identifier: BSD-3-Clause
#include "net/backend/young_connections.hpp"

#include "net/backend/server_pool.hpp"

#include <sys/socket.h>

namespace troupe::net {

namespace {

constexpr milliseconds youth{1'000};

} // namespace

young_connections::young_connections(loop& l)
  : loop_(l), timer_(l.timers().add(*this)) {}

young_connections::~young_connections() {
  oldest_first_.clear();
  loop_.timers().remove(timer_);
}

void young_connections::add(server_connection& connection) {
  if (keepalive_.count() == 0 || connection.address.family() == AF_UNIX)
    return;
  connection.opened = loop_.now();
  if (oldest_first_.empty())
    loop_.timers().arm(timer_, connection.opened + youth);
  oldest_first_.push_back(connection);
}

void young_connections::on_timer() {
  while (!oldest_first_.empty()) {
    auto& oldest = oldest_first_.front();
    if (oldest.opened + youth > loop_.now())
      return loop_.timers().arm(timer_, oldest.opened + youth);
    oldest_first_.pop_front();
    if (oldest.io.is_open())
      oldest.io.keep_alive(keepalive_);
  }
}

} // namespace troupe::net
