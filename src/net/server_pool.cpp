// SPDX-License-Identifier: BSD-3-Clause
#include "net/server_pool.hpp"

#include "net/socket.hpp"

#include <algorithm>

namespace troupe::net {

server_pool::server_pool(loop& l) : loop_(l), timer_(l.timers().add(*this)) {}

server_pool::~server_pool() {
  forget(idle_);
  loop_.timers().remove(timer_);
}

void server_pool::adopt(const backend_snapshot& snapshot) {
  settings_ = snapshot.pool;
  ++round_;
  for (const auto& server : snapshot.servers) {
    auto& shelf = shelves_[server.live.get()];
    if (shelf.address != server.address) {
      forget(shelf.idle.size());
      shelf.idle.clear();
      shelf.address = server.address;
    }
    shelf.round = round_;
  }
  std::erase_if(shelves_, [this](const auto& entry) {
    const auto& shelf = entry.second;
    const bool gone = shelf.round != round_;
    if (gone)
      forget(shelf.idle.size());
    return gone;
  });
}

server_connection_ptr server_pool::take(const server_route& server, bool proven,
                                        stream_owner& owner) {
  const auto found = shelves_.find(server.live.get());
  if (found == shelves_.end() || found->second.address != server.address)
    return nullptr;
  auto& idle = found->second.idle;
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    forget(1);
    const auto& io = connection->io;
    if (io.readable() || io.peer_finished() || io.hung_up()
        || (proven && !is_quiet(io.fd())))
      continue;
    connection->io.owner(owner);
    return connection;
  }
  return nullptr;
}

void server_pool::put(server_connection_ptr connection, time_point now) {
  auto& io = connection->io;
  const bool clean = !io.has_unsent() && !io.peer_finished() && !io.hung_up();
  const auto found = shelves_.find(connection->server);
  if (!clean || found == shelves_.end()
      || found->second.address != connection->address
      || found->second.idle.size() >= settings_.idle_max)
    return;
  // A read that was exactly as long as asked for leaves `readable` set; only
  // another read tells whether the server has said more.
  if (io.readable() && io.receive(1).status != io_status::would_block)
    return;
  if (!loop_.idle_connections().take())
    return;
  io.owner(*this);
  connection->idle_since = now;
  found->second.idle.push_back(std::move(connection));
  if (idle_++ == 0)
    loop_.timers().arm(timer_, now + settings_.idle_timeout);
}

void server_pool::on_stream(stream& s) {
  for (auto& [server, shelf] : shelves_) {
    const auto found =
      std::find_if(shelf.idle.begin(), shelf.idle.end(),
                   [&](const auto& entry) { return &entry->io == &s; });
    if (found != shelf.idle.end()) {
      drop(shelf, static_cast<size_t>(found - shelf.idle.begin()));
      return;
    }
  }
}

void server_pool::on_timer() {
  const auto now = loop_.now();
  auto oldest = time_point::max();
  for (auto& [server, shelf] : shelves_) {
    while (!shelf.idle.empty()
           && shelf.idle.front()->idle_since + settings_.idle_timeout <= now)
      drop(shelf, 0);
    if (!shelf.idle.empty())
      oldest = std::min(oldest, shelf.idle.front()->idle_since);
  }
  if (oldest != time_point::max())
    loop_.timers().arm(timer_, oldest + settings_.idle_timeout);
}

void server_pool::drop(shelf& from, size_t index) noexcept {
  from.idle.erase(from.idle.begin() + static_cast<ptrdiff_t>(index));
  forget(1);
}

void server_pool::forget(size_t count) noexcept {
  idle_ -= count;
  loop_.idle_connections().give_back(count);
}

} // namespace troupe::net
