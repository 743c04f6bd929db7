// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/dialer.hpp"

#include "net/transport/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace troupe::net {

namespace {

/// Between two tries to get into a full backlog.
constexpr milliseconds backlog_pause{20};

} // namespace

bool dialer::begin(const route_slot& route, stream_owner& owner,
                   uint64_t client_hash, client_token client) {
  owner_ = &owner;
  backend_ = route.backend;
  balance_ = route.balance;
  retries_max_ = route.plan.retries_max;
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
  return avoid_.size() <= retries_max() && avoid_.size() < tries_max;
}

bool dialer::is_avoided(uint32_t index) const noexcept {
  return std::ranges::find(avoid_, index) != avoid_.end();
}

void dialer::avoid_server() noexcept {
  if (avoid_.size() < tries_max)
    avoid_.push_back(index_);
}

dialer::outcome dialer::dial(reuse pool, bound_connection& own) {
  own_ = &own;
  return dial(pool);
}

dialer::outcome dialer::dial(reuse pool) {
  reuse_ = pool;
  // The server that failed may be one that was just taken away for another.
  if (!avoid_.empty())
    take_newest_snapshot();
  // Who comes first is served first; a retry has waited already.
  if (avoid_.empty() && !backend_->queue().empty())
    return wait_in_queue();
  return try_servers();
}

/// Another server, or another connection to this one, would not know who is
/// logged in: a request waits for its own server even where others are free.
std::optional<dialer::outcome> dialer::try_own() {
  const auto& servers = snapshot().servers;
  const auto* live = own_->get()->server;
  const auto found =
    std::find_if(servers.begin(), servers.end(),
                 [&](const auto& x) { return x.live.get() == live; });
  if (found == servers.end()) {
    own_->end(); // it goes to another backend now
    return std::nullopt;
  }
  lease_ = lease::try_take(*found->live, found->max_connections);
  if (!lease_)
    return wait_in_queue();
  connection_ = backend_->pool().take(*own_, reuse_ == reuse::proven, *owner_);
  if (!connection_) {
    free_server();
    return std::nullopt;
  }
  index_ = static_cast<uint32_t>(found - servers.begin());
  server_ = found->live.get();
  ++tries_;
  return outcome::ready;
}

dialer::outcome dialer::try_servers() {
  if (own_ != nullptr && *own_)
    if (const auto result = try_own())
      return *result;
  while (may_dial()) {
    const auto picked = balance_->pick(snapshot(), {client_hash_, avoid_});
    if (picked == no_server) {
      if (!snapshot().usable.empty())
        return wait_in_queue();
      return outcome::failed;
    }
    // A policy names a server anew only when there is no other.
    if (failure_ != reason::no_healthy_backend
        && is_avoided(static_cast<uint32_t>(picked)))
      break;
    const auto result = take_server(static_cast<uint32_t>(picked));
    if (result != outcome::failed || out_of_resources_)
      return result;
  }
  return try_idle_backups();
}

/// @returns failed also when another worker took the server's last place.
dialer::outcome dialer::take_server(uint32_t index) {
  const auto& server = snapshot().servers[index];
  index_ = index;
  server_ = server.live.get();
  lease_ = lease::try_take(*server_, server.max_connections);
  if (!lease_)
    return outcome::failed;
  ++tries_;
  if (reuse_ != reuse::none) {
    connection_ =
      backend_->pool().take(server, reuse_ == reuse::proven, *owner_);
    if (connection_)
      return outcome::ready;
  }
  return connect(server);
}

/// Rule 144: who found every other server unreachable tries a backup, before
/// probes have called any of them down.
dialer::outcome dialer::try_idle_backups() {
  const auto& all = snapshot();
  if (failure_ != reason::connect_failed && failure_ != reason::connect_timeout)
    return outcome::failed;
  if (retries_max() == 0 || !std::ranges::all_of(all.usable, [this](auto i) {
        return is_avoided(i);
      }))
    return outcome::failed;
  for (uint32_t i = 0; i < all.servers.size() && avoid_.size() < tries_max; ++i)
    if (all.servers[i].state.rule == state_rule::backup_idle && !is_avoided(i))
      if (const auto result = take_server(i);
          result != outcome::failed || out_of_resources_)
        return result;
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
  else if (!avoid_.empty() || (own_ != nullptr && *own_))
    backend_->queue().wake_next(); // it is choosy, the next one may not be
  return result;
}

void dialer::take_newest_snapshot() {
  const auto newest = backend_->current();
  if (newest == held_)
    return;
  decltype(avoid_) avoid;
  const auto& servers = newest->snapshot->servers;
  const auto* last = std::exchange(server_, nullptr); // unless it is there yet
  for (const auto& server : servers)
    if (server.live.get() == last)
      server_ = server.live.get();
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
  address_ = 0;
  backlog_until_.reset();
  return connect_to(server.address);
}

dialer::outcome dialer::connect_to(const endpoint& address) {
  auto attempt = start_connect(address);
  if (attempt.status == connect_status::failed)
    return connect_on(attempt.error);
  const bool at_once = attempt.status == connect_status::connected;
  connection_ =
    std::make_unique<server_connection>(services_.event_loop, *owner_);
  connection_->server = server_;
  connection_->address = address;
  connection_->io.open(attempt.fd, at_once, address.family() == AF_UNIX);
  backend_->pool().enlist(*connection_);
  pending_ = !at_once;
  return at_once ? connected() : outcome::pending;
}

dialer::outcome dialer::connected() {
  pending_ = false;
  backlog_until_.reset();
  backend_->note_connected(*server_);
  if (address_ > 0)
    backend_->note_address(*server_, connection_->address);
  return outcome::ready;
}

dialer::outcome dialer::connect_on(int error) {
  const auto& server = snapshot().servers[index_];
  connection_.reset();
  if (error == EAGAIN && server.address.family() == AF_UNIX) {
    // TCP would have waited for the server to accept the next one.
    const auto now = services_.event_loop.now();
    if (!backlog_until_)
      backlog_until_ = now + snapshot().timeout_connect;
    pending_ = now < *backlog_until_;
    return pending_ ? outcome::pending : connect_failed(error);
  }
  if (address_ == server.others.size()
      || is_local_error(error, server.address.family()))
    return connect_failed(error);
  return connect_to(server.others[address_++]);
}

dialer::outcome dialer::connect_failed(int error) {
  const auto& server = snapshot().servers[index_];
  const bool backlog_full = std::exchange(backlog_until_, {}).has_value();
  pending_ = false;
  connection_.reset();
  free_server();
  avoid_server();
  if (is_local_error(error, server.address.family())) {
    failure_ = reason::local_resource;
    out_of_resources_ = is_out_of_resources(error);
    return outcome::failed;
  }
  failure_ = error == ETIMEDOUT || backlog_full ? reason::connect_timeout
                                                : reason::connect_failed;
  backend_->count_failure(*server_, failure_);
  if (backlog_full)
    return outcome::failed; // it is busy: no evidence that it is ill
  backend_->note_failure(*server_, true);
  if (server.by_name)
    backend_->note_address(*server_, {});
  return outcome::failed;
}

dialer::outcome dialer::resume() {
  if (!connection_)
    return outcome::pending; // no event ends the wait for a backlog
  switch (connection_->io.finish_connect()) {
  case io_status::done:
    return connected();
  case io_status::would_block:
    return outcome::pending;
  default:
    break;
  }
  const auto result = connect_on(connection_->io.error());
  return result == outcome::failed && !out_of_resources_ ? dial(reuse_)
                                                         : result;
}

milliseconds dialer::patience() const noexcept {
  return backlog_until_ ? backlog_pause : snapshot().timeout_connect;
}

dialer::outcome dialer::on_timeout() {
  const auto result = backlog_until_
                      ? connect_to(snapshot().servers[index_].address)
                      : connect_on(ETIMEDOUT);
  return result == outcome::failed && !out_of_resources_ ? dial(reuse_)
                                                         : result;
}

void dialer::note_fault(reason why, bool evidence) {
  backend_->count_failure(*server_, why);
  if (evidence)
    suspect();
}

void dialer::note_answer(bool well) {
  if (!well)
    suspect();
  settle_suspicion(well);
  if (well)
    backend_->note_success(*server_);
}

void dialer::suspect() noexcept {
  if (!suspect_)
    suspect_ = snapshot().servers[index_].live;
  else
    suspect_others_ |= suspect_.get() != server_;
}

void dialer::settle_suspicion(bool answered) {
  if (suspect_ && (answered || !suspect_others_))
    backend_->note_failure(*suspect_, false);
  suspect_.reset();
  suspect_others_ = false;
}

void dialer::discard() {
  avoid_server();
  connection_.reset();
  backlog_until_.reset();
  free_server();
  pending_ = false;
}

void dialer::release(bool reusable) {
  settle_suspicion(false);
  if (backend_)
    backend_->queue().leave(waiter_);
  if (connection_ && reusable) {
    ++connection_->requests;
    if (!connection_->bound)
      backend_->pool().put(std::move(connection_), services_.event_loop.now());
    else if (own_ != nullptr)
      backend_->pool().put(std::move(connection_), *own_);
  }
  connection_.reset();
  backlog_until_.reset();
  free_server();
  pending_ = false;
}

void dialer::reset() noexcept {
  release(false);
  held_.reset();
  backend_.reset();
  balance_ = nullptr;
  own_ = nullptr;
  server_ = nullptr;
  pending_ = false;
  tries_ = 0;
  avoid_.clear();
}

} // namespace troupe::net
