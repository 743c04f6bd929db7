// SPDX-License-Identifier: BSD-3-Clause
#include "net/backend/server_pool.hpp"

#include <algorithm>
#include <utility>

namespace troupe::net {

namespace {

/// Connections that one that comes back may cost at the most: a shelf that is
/// far too full is emptied little by little, not in one long turn.
constexpr int dropped_at_once = 8;

/// Operators want nothing open to a server that they took out of rotation, and
/// one that is down would be met by the next requests.
bool keeps_idle(const server_route& server) noexcept {
  return server.state.usable
      || (server.admin == admin_state::ready && server.state.healthy);
}

} // namespace

// -- connections --------------------------------------------------------------

server_connection::server_connection(loop& l, stream_owner& owner) noexcept
  : io(l, owner) {}

server_connection::~server_connection() {
  if (shelf)
    --shelf->at_work;
}

void server_connection::on_stream(stream&) { shelf->pool->drop(*this); }

void bound_connection::end() noexcept {
  if (connection_ != nullptr)
    connection_->shelf->pool->drop(*connection_);
}

// -- the pool -----------------------------------------------------------------

server_pool::server_pool(loop& l)
  : loop_(l), timer_(l.timers().add(*this)), young_(l) {}

server_pool::~server_pool() {
  close();
  loop_.timers().remove(timer_);
}

void server_pool::close() noexcept {
  for (auto& [server, shelf] : shelves_)
    give_up(*shelf);
  shelves_.clear();
}

bool server_pool::adopt(const backend_snapshot& snapshot,
                        const backend_snapshot* before) {
  settings_ = snapshot.pool;
  young_.keepalive(snapshot.tcp_keepalive);
  const auto& servers = snapshot.servers;
  if (before == nullptr || before->servers.size() != servers.size()) {
    adopt_anew(snapshot);
    return true;
  }
  bool moved = false;
  for (size_t i = 0; i < servers.size(); ++i) {
    const auto& old = before->servers[i];
    if (servers[i].live != old.live) {
      adopt_anew(snapshot);
      return true;
    }
    const bool moves =
      servers[i].address != old.address || servers[i].others != old.others;
    if (moves || keeps_idle(servers[i]) != keeps_idle(old))
      update(*shelves_[servers[i].live.get()], servers[i]);
    moved = moved || moves;
  }
  return moved;
}

void server_pool::adopt_anew(const backend_snapshot& snapshot) {
  ++round_;
  for (const auto& server : snapshot.servers) {
    auto& shelf = shelves_[server.live.get()];
    if (!shelf) {
      shelf = new server_shelf;
      shelf->pool = this;
    }
    update(*shelf, server);
    shelf->round = round_;
  }
  std::erase_if(shelves_, [this](const auto& entry) {
    const bool gone = entry.second->round != round_;
    if (gone)
      give_up(*entry.second);
    return gone;
  });
}

void server_pool::update(server_shelf& shelf, const server_route& server) {
  shelf.keeps = keeps_idle(server);
  if (!shelf.keeps || shelf.address != server.address)
    empty(shelf);
  shelf.address = server.address;
  shelf.others = server.others;
}

bool server_pool::serves(const server_live& server,
                         const endpoint& address) const {
  const auto found = shelves_.find(&server);
  if (found == shelves_.end())
    return false;
  const auto& shelf = *found->second;
  return shelf.address == address
      || std::ranges::find(shelf.others, address) != shelf.others.end();
}

server_connection_ptr server_pool::take(const server_route& server, bool proven,
                                        stream_owner& owner) {
  const auto found = shelves_.find(server.live.get());
  if (found == shelves_.end() || found->second->address != server.address)
    return nullptr;
  auto& shelf = *found->second;
  age(shelf);
  while (auto* newest = newest_for(shelf, owner)) {
    auto connection = take_out(*newest);
    if (!is_quiet_now(*connection, proven))
      continue;
    hand_out(*connection, owner);
    return connection;
  }
  return nullptr;
}

/// A client whose next request has come already may go on where it was.
server_connection* server_pool::newest_for(server_shelf& shelf,
                                           const stream_owner& owner) noexcept {
  if (!shelf.back.empty() && shelf.back.back().last_owner == &owner)
    return &shelf.back.back();
  return shelf.idle.empty() ? nullptr : &shelf.idle.back();
}

server_connection_ptr server_pool::take(bound_connection& from, bool proven,
                                        stream_owner& owner) {
  if (!from)
    return nullptr;
  auto connection = take_out(*from.connection_);
  if (!is_quiet_now(*connection, proven))
    return nullptr;
  hand_out(*connection, owner);
  return connection;
}

bool server_pool::is_quiet_now(const server_connection& connection,
                               bool proven) const {
  const bool ask = proven || !loop_.poller().heard_all();
  return connection.io.was_quiet() && (!ask || connection.io.is_quiet());
}

void server_pool::enlist(server_connection& connection) {
  young_.add(connection);
  const auto found = shelves_.find(connection.server);
  if (found == shelves_.end())
    return;
  connection.shelf = found->second;
  ++connection.shelf->at_work;
  note_busy(*connection.shelf);
}

void server_pool::put(server_connection_ptr connection, time_point now) {
  if (!may_keep(*connection))
    return;
  auto& shelf = *connection->shelf;
  note_busy(shelf);
  if (!make_room(shelf, now) || !loop_.idle_connections().take())
    return;
  connection->idle_since = now;
  connection->idle_turn = loop_.turn();
  by_age_.push_back(*connection);
  shelf.back.push_back(*connection);
  ++shelf.back_count;
  ++shelf.idle_count;
  let_rest(std::move(connection));
  if (idle_++ == 0)
    loop_.timers().arm(timer_, now + settings_.idle_timeout);
}

void server_pool::put(server_connection_ptr connection,
                      bound_connection& into) {
  into.end();
  if (!may_keep(*connection))
    return;
  connection->shelf->bound.push_back(*connection);
  connection->holder = &into;
  into.connection_ = connection.get();
  let_rest(std::move(connection));
}

bool server_pool::may_keep(server_connection& connection) const {
  auto& io = connection.io;
  const auto* shelf = connection.shelf.get();
  if (shelf == nullptr || shelf->pool != this || !shelf->keeps
      || shelf->address != connection.address || io.has_unsent()
      || io.peer_finished() || io.hung_up())
    return false;
  // A read that was exactly as long as asked for leaves `readable` set; only
  // another read tells whether the server has said more.
  return !io.readable() || io.receive(1).status == io_status::would_block;
}

/// @returns false where not even one may be kept.
bool server_pool::make_room(server_shelf& shelf, time_point now) {
  const auto limit = settings_.idle_max.value_or(shelf.busy.value(now));
  for (int n = 0; n < dropped_at_once && shelf.idle_count >= limit; ++n) {
    auto& oldest = shelf.idle.empty() ? shelf.back : shelf.idle;
    if (oldest.empty())
      return false;
    drop(oldest.front());
  }
  return true;
}

/// What came back in this turn is not free yet: those that wait for nothing
/// but the poller are as many more that the next turn may need.
void server_pool::note_busy(server_shelf& shelf) noexcept {
  age(shelf);
  shelf.busy.note(shelf.at_work + shelf.back_count, loop_.now());
}

void server_pool::age(server_shelf& shelf) noexcept {
  if (std::exchange(shelf.back_turn, loop_.turn()) == loop_.turn())
    return;
  shelf.idle.splice(shelf.idle.end(), shelf.back);
  shelf.back_count = 0;
}

void server_pool::hand_out(server_connection& connection, stream_owner& owner) {
  connection.io.owner(owner);
  note_busy(*connection.shelf);
}

void server_pool::let_rest(server_connection_ptr connection) noexcept {
  --connection->shelf->at_work;
  connection->last_owner = &connection->io.owner();
  connection->own_events();
  static_cast<void>(connection.release()); // its lists have it now
}

server_connection_ptr
server_pool::take_out(server_connection& connection) noexcept {
  auto& shelf = *connection.shelf;
  static_cast<shelf_hook&>(connection).unlink();
  ++shelf.at_work;
  if (auto* holder = std::exchange(connection.holder, nullptr)) {
    holder->connection_ = nullptr;
  } else {
    static_cast<age_hook&>(connection).unlink();
    --shelf.idle_count;
    if (connection.idle_turn == shelf.back_turn)
      --shelf.back_count;
    --idle_;
    loop_.idle_connections().give_back(1);
  }
  return server_connection_ptr{&connection};
}

void server_pool::drop(server_connection& connection) noexcept {
  take_out(connection).reset();
}

void server_pool::empty(server_shelf& shelf) noexcept {
  for (auto* list : {&shelf.idle, &shelf.back, &shelf.bound})
    while (!list->empty())
      drop(list->front());
}

void server_pool::give_up(server_shelf& shelf) noexcept {
  empty(shelf);
  shelf.pool = nullptr;
}

void server_pool::on_timer() {
  const auto expires = [this] {
    return by_age_.front().idle_since + settings_.idle_timeout;
  };
  while (!by_age_.empty() && expires() <= loop_.now())
    drop(by_age_.front());
  if (!by_age_.empty())
    loop_.timers().arm(timer_, expires());
}

} // namespace troupe::net
