// SPDX-License-Identifier: BSD-3-Clause
#include "actors/connection.hpp"

#include "actors/log.hpp"

namespace troupe::actors {

namespace {

std::unique_ptr<net::session> make_session(net::session_start start) {
  return start.frontend->current->plan->settings.protocol == protocol::http
         ? net::make_http_session(std::move(start))
         : net::make_tcp_session(std::move(start));
}

} // namespace

connection::connection(caf::actor_config& cfg, worker_context& worker,
                       connection_start start)
  : hosted(cfg), worker_(worker), id_(start.id),
    token_(worker.services.event_loop.timers().add(*this)),
    accepted_under_(start.frontend->current), group_(std::move(start.group)),
    accepted_at_(worker.services.event_loop.now()) {
  try {
    session_ = make_session({worker.services, std::move(start.frontend), *this,
                             token_, start.descriptor, start.peer});
  } catch (...) {
    worker.services.event_loop.timers().remove(token_);
    throw;
  }
  self_ = caf::strong_actor_ptr{ctrl()};
  group_->members.push_back(*this);
  auto& clients = *accepted_under_->plan->live->clients;
  auto& counts = clients.by_worker[worker_.services.index];
  counts.connections_total.add();
  counts.connections_open.add();
  clients.open.fetch_add(1, std::memory_order_relaxed);
  worker_.limit.open.fetch_add(1, std::memory_order_relaxed);
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
  cut_if_running();
  session_.reset();
  worker_.services.event_loop.timers().remove(token_);
  auto& clients = *accepted_under_->plan->live->clients;
  clients.by_worker[worker_.services.index].connections_open.sub();
  clients.open.fetch_sub(1, std::memory_order_relaxed);
  worker_.limit.open.fetch_sub(1, std::memory_order_relaxed);
  unlink();
  if (group_->draining && group_->members.empty() && group_->listener)
    caf::anon_send(group_->listener, connections_gone{});
  // All of this belongs to the worker's thread, the destructor may not run
  // there.
  group_.reset();
  accepted_under_.reset();
  worker_.ended.push_back(std::move(self_));
}

connection_view connection::describe() const {
  connection_view view;
  view.id = id_;
  view.client = session_->peer().to_string();
  view.frontend = accepted_under_->plan->settings.name;
  view.server = session_->server();
  view.phase = to_string(session_->phase());
  view.requests = session_->requests();
  const auto age = worker_.services.event_loop.now() - accepted_at_;
  view.age_ms = static_cast<uint64_t>(
    std::chrono::duration_cast<milliseconds>(age).count());
  return view;
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
  act([this] { session_->on_timer(); });
}

void connection::on_ready() {
  act([this] { session_->progress(); });
}

/// An exception ended the actor in the middle of something: that is logged and
/// counted like any other end, if it still can be.
void connection::cut_if_running() noexcept {
  try {
    if (!session_->ended())
      session_->cut(reason::internal);
  } catch (const std::exception& e) {
    log::error("connection {} could not be ended in order: {}", id_, e.what());
  }
}

void connection::quit_if_ended() {
  if (session_->ended())
    quit();
}

} // namespace troupe::actors
