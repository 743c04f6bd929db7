// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/parked_connection.hpp"

#include "actors/events/log.hpp"
#include "net/transport/socket.hpp"

#include <sys/epoll.h>
#include <unistd.h>

namespace troupe::actors {

void parked_connection::park(actor_host& host, connection_slot slot,
                             const endpoint& peer,
                             const net::idle_client& idle) {
  auto& worker = slot.worker();
  try {
    static_cast<void>(worker.parked.allocator().new_object<parked_connection>(
      host, std::move(slot), peer, idle));
  } catch (...) {
    worker.services.event_loop.poller().forget(idle.connection.io);
    ::close(idle.connection.descriptor);
    throw;
  }
  worker.parked.note_parked();
}

parked_connection::parked_connection(actor_host& host, connection_slot slot,
                                     const endpoint& peer,
                                     const net::idle_client& idle)
  : host_(host), worker_(slot.worker()), slot_(std::move(slot)), peer_(peer),
    rested_(idle), token_(event_loop().timers().add(*this)) {
  event_loop().poller().hand_over(rested_.connection.io, *this);
  slot_.group().members.push_back(*this);
  slot_.group().waiting.enter(*this, wait_kind::parked, rested_.since);
  const auto& settings = slot_.frontend()->current->plan->settings;
  event_loop().timers().arm(token_,
                            rested_.since + settings.http.timeout_keep_alive);
}

parked_connection::~parked_connection() {
  event_loop().timers().remove(token_);
  member_hook::unlink();
}

connection_view parked_connection::describe() const {
  auto view = slot_.describe(peer_);
  view.phase = to_string(net::session_phase::idle);
  view.requests = rested_.requests;
  return view;
}

void parked_connection::drain() {
  // It may have a request in the socket that no event has told of yet.
  if (is_silent())
    end();
  else
    wake();
}

void parked_connection::close(reason) { end(); }

bool parked_connection::give_up(reason) {
  end();
  return true;
}

bool parked_connection::is_silent() const noexcept {
  return net::is_quiet(rested_.connection.descriptor);
}

void parked_connection::on_io(uint32_t events) {
  // Who only leaves needs no session for that.
  if ((events & EPOLLRDHUP) != 0
      && net::is_at_end(rested_.connection.descriptor))
    end();
  else if ((events & ~uint32_t{EPOLLOUT}) != 0)
    wake();
}

void parked_connection::on_timer() { end(); }

void parked_connection::wake() {
  auto& host = host_;
  slot_.group().waiting.leave(*this);
  connection_start start{std::move(slot_), -1, peer_, rested_};
  destroy();
  try {
    spawn_on<connection>(host, std::move(start));
  } catch (const std::exception& e) {
    log::error("an idle connection could not be resumed: {}", e.what());
  }
}

void parked_connection::end() {
  slot_.group().waiting.leave(*this);
  event_loop().poller().forget(rested_.connection.io);
  ::close(rested_.connection.descriptor);
  destroy();
}

void parked_connection::destroy() {
  // Given up, if still held, when the group has lost this member.
  const auto slot = std::move(slot_);
  worker_.parked.allocator().delete_object(this);
}

} // namespace troupe::actors
