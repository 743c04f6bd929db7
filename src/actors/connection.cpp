// SPDX-License-Identifier: BSD-3-Clause
#include "actors/connection.hpp"

#include <unistd.h>

namespace troupe::actors {

connection::connection(caf::actor_config& cfg, worker_context& worker,
                       connection_start start)
  : hosted(cfg), worker_(worker), id_(start.id), descriptor_(start.descriptor),
    token_(worker.services.event_loop.timers().add(*this)),
    frontend_(std::move(start.frontend)), accepted_under_(frontend_->current),
    group_(std::move(start.group)), peer_(start.peer),
    accepted_at_(worker.services.event_loop.now()),
    self_(caf::strong_actor_ptr{ctrl()}) {
  group_->members.push_back(*this);
  auto& live = *accepted_under_->plan->live;
  auto& counts = live.by_worker[worker_.services.index];
  counts.connections_total.add();
  counts.connections_open.add();
  live.connections.fetch_add(1, std::memory_order_relaxed);
  worker_.limit.open.fetch_add(1, std::memory_order_relaxed);
}

connection_actor::behavior_type connection::make_behavior() {
  begin();
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

void connection::begin() {
  const auto& settings = accepted_under_->plan->settings;
  net::session_start start{worker_.services,
                           frontend_,
                           *this,
                           token_,
                           std::exchange(descriptor_, -1),
                           peer_};
  session_ = settings.protocol == protocol::http
             ? net::make_http_session(std::move(start))
             : net::make_tcp_session(std::move(start));
  session_->progress();
  quit_if_ended();
}

void connection::on_exit() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
  session_.reset();
  worker_.services.event_loop.timers().remove(token_);
  auto& live = *accepted_under_->plan->live;
  live.by_worker[worker_.services.index].connections_open.sub();
  live.connections.fetch_sub(1, std::memory_order_relaxed);
  worker_.limit.open.fetch_sub(1, std::memory_order_relaxed);
  unlink();
  if (group_->draining && group_->members.empty() && group_->listener)
    caf::anon_send(group_->listener, connections_gone{});
  // All of this belongs to the worker's thread, the destructor may not run
  // there.
  group_.reset();
  frontend_.reset();
  accepted_under_.reset();
  worker_.ended.push_back(std::move(self_));
}

connection_view connection::describe() const {
  connection_view view;
  view.id = id_;
  view.client = peer_.to_string();
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

void connection::quit_if_ended() {
  if (session_->ended())
    quit();
}

} // namespace troupe::actors
