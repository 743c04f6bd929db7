// SPDX-License-Identifier: BSD-3-Clause
#include "net/dialer.hpp"

#include "net/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace troupe::net {

bool dialer::begin(frontend_slot& frontend, stream_owner& owner,
                   uint64_t client_hash, client_token client) {
  owner_ = &owner;
  frontend_ = &frontend;
  backend_ = frontend.backend;
  held_ = backend_->current();
  client_hash_ = client_hash;
  waiter_.client = client;
  server_ = nullptr;
  pending_ = false;
  tries_ = 0;
  out_of_resources_ = false;
  failure_ = reason::no_healthy_backend;
  avoid_.clear();
  return held_ != nullptr;
}

bool dialer::may_dial() const noexcept {
  return avoid_.size() <= snapshot().retries_max && avoid_.size() < tries_max;
}

void dialer::avoid_server() noexcept {
  if (avoid_.size() < tries_max)
    avoid_.push_back(index_);
}

dialer::outcome dialer::dial(reuse pool) {
  reuse_ = pool;
  // Who comes first is served first; a retry has waited already.
  if (avoid_.empty() && !backend_->queue().empty())
    return wait_in_queue();
  return try_servers();
}

dialer::outcome dialer::try_servers() {
  while (may_dial()) {
    const auto picked =
      frontend_->balance->pick(snapshot(), {client_hash_, avoid_});
    if (picked == no_server) {
      if (!snapshot().usable.empty())
        return wait_in_queue();
      return outcome::failed;
    }
    index_ = static_cast<uint32_t>(picked);
    // A policy names a server anew only when there is no other.
    if (failure_ != reason::no_healthy_backend
        && std::find(avoid_.begin(), avoid_.end(), index_) != avoid_.end())
      return outcome::failed;
    const auto& server = snapshot().servers[index_];
    server_ = server.live.get();
    lease_ = lease::try_take(*server_, server.max_connections);
    if (!lease_)
      continue; // another worker took the last place: the next pick sees it
    ++tries_;
    if (reuse_ != reuse::none) {
      connection_ =
        backend_->pool().take(server, reuse_ == reuse::proven, *owner_);
      if (connection_)
        return outcome::ready;
    }
    const auto result = connect(server);
    if (result != outcome::failed || out_of_resources_)
      return result;
  }
  return outcome::failed;
}

dialer::outcome dialer::wait_in_queue() {
  if (waiter_.is_linked())
    return outcome::queued; // where it stands
  if (backend_->queue().enter(waiter_, snapshot().queue.size))
    return outcome::queued;
  failure_ = reason::queue_full;
  return outcome::failed;
}

dialer::outcome dialer::resume_queued() {
  if (!std::exchange(waiter_.woken, false))
    return outcome::queued;
  if (backend_->is_closed()) {
    backend_->queue().leave(waiter_);
    failure_ = reason::no_healthy_backend;
    return outcome::failed;
  }
  take_newest_snapshot();
  const auto result = try_servers();
  if (result != outcome::queued)
    backend_->queue().leave(waiter_);
  else if (!avoid_.empty())
    backend_->queue().wake_next(); // it is choosy, the next one may not be
  return result;
}

void dialer::take_newest_snapshot() {
  const auto newest = backend_->current();
  if (newest == held_)
    return;
  decltype(avoid_) avoid;
  const auto& servers = newest->snapshot->servers;
  for (const auto old : avoid_)
    for (uint32_t i = 0; i < servers.size(); ++i)
      if (servers[i].live == snapshot().servers[old].live)
        avoid.push_back(i);
  avoid_ = avoid;
  held_ = newest;
}

void dialer::free_server() {
  if (!lease_)
    return;
  lease_.release();
  backend_->queue().freed();
}

dialer::outcome dialer::connect(const server_route& server) {
  auto attempt = start_connect(server.address);
  if (attempt.status == connect_status::failed)
    return connect_failed(attempt.error);
  const bool connected = attempt.status == connect_status::connected;
  connection_ =
    std::make_unique<server_connection>(services_.event_loop, *owner_);
  connection_->server = server_;
  connection_->address = server.address;
  connection_->io.open(attempt.fd, connected,
                       server.address.family() == AF_UNIX);
  pending_ = !connected;
  if (pending_)
    return outcome::pending;
  backend_->note_connected(*server_);
  return outcome::ready;
}

dialer::outcome dialer::connect_failed(int error) {
  pending_ = false;
  connection_.reset();
  free_server();
  avoid_server();
  if (is_local_error(error, snapshot().servers[index_].address.family())) {
    failure_ = reason::local_resource;
    out_of_resources_ = is_out_of_resources(error);
    return outcome::failed;
  }
  failure_ =
    error == ETIMEDOUT ? reason::connect_timeout : reason::connect_failed;
  backend_->note_failure(*server_, true);
  return outcome::failed;
}

dialer::outcome dialer::resume() {
  switch (connection_->io.finish_connect()) {
  case io_status::done:
    pending_ = false;
    backend_->note_connected(*server_);
    return outcome::ready;
  case io_status::would_block:
    return outcome::pending;
  default:
    connect_failed(connection_->io.error());
    return out_of_resources_ ? outcome::failed : dial(reuse_);
  }
}

dialer::outcome dialer::on_timeout() {
  connect_failed(ETIMEDOUT);
  return dial(reuse_);
}

void dialer::discard(bool blame) {
  if (connection_ && blame)
    backend_->note_failure(*server_, false);
  avoid_server();
  connection_.reset();
  free_server();
  pending_ = false;
}

void dialer::release(bool reusable) {
  if (backend_)
    backend_->queue().leave(waiter_);
  if (connection_ && reusable) {
    ++connection_->requests;
    backend_->pool().put(std::move(connection_), services_.event_loop.now());
  }
  connection_.reset();
  free_server();
  pending_ = false;
}

void dialer::reset() noexcept {
  release(false);
  held_.reset();
  backend_.reset();
  server_ = nullptr;
  pending_ = false;
  tries_ = 0;
  avoid_.clear();
}

} // namespace troupe::net
