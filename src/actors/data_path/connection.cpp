// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/connection.hpp"

#include "actors/data_path/parked_connection.hpp"
#include "actors/events/log.hpp"

#include <utility>

namespace troupe::actors {

namespace {

std::unique_ptr<net::session> make_session(net::session_start start) {
  return start.frontend->current->plan->settings.protocol == protocol::http
         ? net::make_http_session(std::move(start))
         : net::make_tcp_session(std::move(start));
}

} // namespace

connection_slot::connection_slot(worker_context& worker,
                                 net::local_ptr<net::frontend_slot> frontend,
                                 net::local_ptr<connection_group> group)
  : worker_(&worker), frontend_(std::move(frontend)),
    accepted_under_(frontend_->current), group_(std::move(group)),
    number_(uint64_t{worker.services.index} << 48
            | worker.next_connection_id++),
    accepted_at_(worker.services.event_loop.now()) {
  auto& clients = *accepted_under_->plan->clients;
  auto& counts = clients.by_worker[worker.services.index];
  counts.connections_total.add();
  counts.connections_open.add();
  clients.open.fetch_add(1, std::memory_order_relaxed);
  worker.limit.open.fetch_add(1, std::memory_order_relaxed);
}

connection_slot::connection_slot(connection_slot&& other) noexcept
  : worker_(std::exchange(other.worker_, nullptr)),
    frontend_(std::move(other.frontend_)),
    accepted_under_(std::move(other.accepted_under_)),
    group_(std::move(other.group_)), number_(other.number_),
    accepted_at_(other.accepted_at_) {}

void connection_slot::leave() noexcept {
  if (worker_ == nullptr)
    return;
  auto& clients = *accepted_under_->plan->clients;
  clients.by_worker[worker_->services.index].connections_open.sub();
  clients.open.fetch_sub(1, std::memory_order_relaxed);
  worker_->limit.open.fetch_sub(1, std::memory_order_relaxed);
  if (group_->draining && group_->members.empty() && group_->listener)
    caf::anon_send(group_->listener, connections_gone{});
  group_.reset();
  accepted_under_.reset();
  frontend_.reset();
  worker_ = nullptr;
}

connection_view connection_slot::describe(const endpoint& client) const {
  connection_view view;
  view.id = number_;
  view.client = client.name();
  view.frontend = accepted_under_->plan->settings.name;
  const auto age = worker_->services.event_loop.now() - accepted_at_;
  view.age_ms = static_cast<uint64_t>(
    std::chrono::duration_cast<milliseconds>(age).count());
  return view;
}

connection::connection(caf::actor_config& cfg, connection_start start)
  : hosted(cfg), worker_(start.slot.worker()), slot_(std::move(start.slot)),
    token_(worker_.services.event_loop.timers().add(*this)) {
  try {
    session_ = make_session({worker_.services, slot_.frontend(), *this, token_,
                             start.descriptor, start.peer, start.idle});
  } catch (...) {
    worker_.services.event_loop.timers().remove(token_);
    throw;
  }
  self_ = caf::strong_actor_ptr{ctrl()};
  slot_.group().members.push_back(*this);
}

connection_actor::behavior_type connection::make_behavior() {
  session_->progress();
  quit_if_ended();
  return {
    [this](const describe_connection&) { return describe(); },
    [this](const drain_connection&) {
      session_->drain();
      quit_if_ended();
    },
    [this](const close_connection& message) {
      session_->cut(message.why);
      quit_if_ended();
    },
  };
}

void connection::on_exit() {
  if (is_waiting()) // else its slot may have been handed on
    slot_.group().waiting.leave(*this);
  cut_if_running();
  session_.reset();
  worker_.services.event_loop.timers().remove(token_);
  member_hook::unlink();
  // It belongs to the worker's thread, the destructor may not run there.
  slot_.leave();
  worker_.ended.push_back(std::move(self_));
}

connection_view connection::describe() const {
  auto view = slot_.describe(session_->client());
  view.server = session_->server();
  view.phase = to_string(session_->phase());
  view.requests = session_->requests();
  return view;
}

void connection::drain() {
  caf::anon_send(connection_actor{this}, drain_connection{});
}

void connection::close(reason why) {
  caf::anon_send(connection_actor{this}, close_connection{number(), why});
}

bool connection::give_up(reason why) {
  given_up_ = why;
  worker_.services.event_loop.make_ready(token_);
  return false;
}

void connection::leave_server() {
  leaves_server_ = true;
  worker_.services.event_loop.make_ready(token_);
}

void connection::note_wait() noexcept {
  auto& waiting = slot_.group().waiting;
  const auto now = worker_.services.event_loop.now();
  switch (session_->waits()) {
  case net::client_wait::no:
    waiting.leave(*this);
    break;
  case net::client_wait::head:
    if (!waiting_clients::is_in(*this, wait_kind::head))
      waiting.enter(*this, wait_kind::head, now);
    break;
  case net::client_wait::rest:
    // Another request may have come and gone in one turn.
    if (!waiting_clients::is_in(*this, wait_kind::resting)
        || std::exchange(requests_at_rest_, session_->requests())
             != session_->requests())
      waiting.enter(*this, wait_kind::resting, now);
    break;
  }
}

template <class F>
void connection::act(F&& f) {
  in_actor([&] {
    f();
    quit_if_ended();
  });
}

void connection::on_stream(net::stream&) {
  act([this] { session_->progress(); });
}

void connection::on_timer() {
  act([this] {
    session_->on_timer();
    park_if_rested();
  });
}

void connection::park_if_rested() {
  if (host() == nullptr)
    return;
  if (const auto idle = session_->take_idle()) {
    member_hook::unlink();
    slot_.group().waiting.leave(*this);
    parked_connection::park(*host(), std::move(slot_), session_->peer(), *idle);
  }
}

void connection::on_ready() {
  act([this] {
    const auto why = std::exchange(given_up_, reason::ok);
    // Its request may have come in this very turn: then somebody else goes.
    if (why != reason::ok && session_->waits() != net::client_wait::no)
      session_->give_up(why);
    if (std::exchange(leaves_server_, false) && session_->upstream() != nullptr)
      session_->lose_server(reason::server_down);
    if (!session_->ended())
      session_->progress();
  });
}

/// An exception ended the actor in the middle of something: that is logged and
/// counted like any other end, if it still can be.
void connection::cut_if_running() noexcept {
  try {
    if (!session_->ended())
      session_->cut(reason::internal);
  } catch (const std::exception& e) {
    log::error("connection {} could not be ended in order: {}", number(),
               e.what());
  }
}

void connection::quit_if_ended() {
  if (session_->ended())
    quit();
  else
    note_wait();
}

} // namespace troupe::actors
