// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/listener.hpp"

#include "actors/data_path/worker.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "net/frontend/own_error.hpp"
#include "net/http1/own_reply.hpp"
#include "net/proxy/request_id.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::actors {

namespace {

/// A few at a time: those who are in already get their turn in between.
constexpr int accepts_a_turn = 4;

constexpr milliseconds accept_pause{100};

/// Until another worker has made a place.
constexpr milliseconds place_time{10};
/// In vain: whom they give up may become busy before.
constexpr milliseconds ask_time_max{300};

/// No queue is longer (net.core.somaxconn bounds it, 4096 by default): enough
/// turns to empty one, and an end to it when clients keep coming.
constexpr int accepts_a_drain = 65'536;

/// Between two lines in the log about it.
constexpr milliseconds complaint_pause{10'000};

} // namespace

listener::listener(caf::actor_config& cfg, worker_context& worker,
                   listener_start start)
  : hosted(cfg), worker_(worker),
    name_(start.frontend->current->plan->settings.name),
    frontend_(std::move(start.frontend)), group_(std::move(start.group)),
    descriptor_(start.descriptor), spread_(std::move(start.spread)),
    owner_(std::move(start.worker)),
    timer_token_(worker.services.event_loop.timers().add(*this)) {}

listener_actor::behavior_type listener::make_behavior() {
  group_->listener = this;
  if (spread_ && !group_->draining)
    spread_->join(worker_.services.index, listener_actor{this});
  watch();
  return {
    [this](const drain_listener& message) { drain(message); },
    [this](const adopt_connection& message) { adopt(message); },
    [this](const connections_gone&) { end_if_done(); },
  };
}

void listener::on_exit() {
  unwatch();
  if (spread_)
    spread_->leave(worker_.services.index);
  worker_.services.event_loop.timers().remove(timer_token_);
  group_->listener = nullptr;
  group_.reset();
  frontend_.reset();
  owner_ = nullptr;
}

void listener::watch() {
  if (watching_ || descriptor_ < 0)
    return;
  // Level-triggered: what is left in the queue is told again.
  io_token_ =
    worker_.services.event_loop.poller().add(descriptor_, EPOLLIN, *this);
  watching_ = true;
}

void listener::unwatch() noexcept {
  if (std::exchange(watching_, false))
    worker_.services.event_loop.poller().detach(descriptor_, io_token_);
}

void listener::on_io(uint32_t) {
  in_actor([this] {
    // Told again in the very next turn: more than one client waits. Asking for
    // a second one otherwise is a system call in vain for each.
    const auto turn = worker_.services.event_loop.turn();
    const int accepts = turn == turn_accepted_ + 1 ? accepts_a_turn : 1;
    turn_accepted_ = turn;
    auto result = accept_waiting();
    // Whether anybody else waits is not known: no place is made for them.
    for (int n = 1; n < accepts && result == accepted::one; ++n)
      result = may_evict() ? accepted::none : accept_one();
    if (result == accepted::later)
      pause(place_time);
    else if (result == accepted::out_of_resources)
      pause_accepting();
  });
}

bool listener::is_full() const noexcept {
  const auto& plan = *frontend_->current->plan;
  const auto max = plan.settings.max_connections;
  return max > 0 && plan.clients->open.load(std::memory_order_relaxed) >= max;
}

bool listener::may_evict() const noexcept {
  return worker_.limit.reached()
      || (is_full() && worker_.services.event_loop.now() >= hopeless_until_);
}

/// @pre At least one client waits.
listener::accepted listener::accept_waiting() {
  if (is_full() && worker_.services.event_loop.now() >= hopeless_until_) {
    const auto found = await_place(worker_.evicts.make_place(*group_));
    if (found != accepted::out_of_resources)
      return found;
    // For a while nobody is made to wait for that.
    hopeless_until_ = worker_.services.event_loop.now() + accept_pause;
  }
  const auto result = accept_one();
  if (result != accepted::out_of_resources)
    return result;
  const int error = errno;
  const auto found = await_place(worker_.evicts.make_place());
  errno = error;
  return found;
}

listener::accepted listener::await_place(place found) {
  const auto now = worker_.services.event_loop.now();
  switch (found) {
  case place::free:
    return accept_one();
  case place::soon:
    return accepted::none; // told again, then
  case place::later:
    if (now < asks_since_.value_or(now) + ask_time_max) {
      asks_since_ = asks_since_.value_or(now);
      return accepted::later;
    }
    [[fallthrough]];
  case place::none:
    break;
  }
  asks_since_.reset();
  return accepted::out_of_resources;
}

listener::accepted listener::accept_one() {
  if (worker_.limit.reached()) {
    errno = EMFILE; // it would come to that
    return accepted::out_of_resources;
  }
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  const int fd =
    ::accept4(descriptor_, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    starved_ = false;
    asks_since_.reset();
    welcome(fd, endpoint{address, size}.unmapped());
    return accepted::one;
  }
  switch (errno) {
  case EAGAIN:
    return accepted::none;
  case ECONNABORTED: // the client has gone already: the next one
  case EINTR:
  case EPERM:  // a firewall's word
  case EPROTO: // and what accept(2) calls pending network errors
  case ENOPROTOOPT:
  case EOPNOTSUPP:
  case ENETDOWN:
  case ENETUNREACH:
  case EHOSTDOWN:
  case EHOSTUNREACH:
  case ENONET:
    return accepted::one;
  default: // out of descriptors or memory; anything else is no better
    return accepted::out_of_resources;
  }
}

void listener::welcome(int descriptor, const endpoint& peer) {
  if (refuse_if_full(descriptor, peer))
    return;
  if (!may_give_away())
    return serve(descriptor, peer);
  const auto place = spread_->reserve(worker_.services.index, clients());
  if (place.worker() == worker_.services.index
      || !spread_->hand_over(place.worker(), descriptor, peer))
    serve(descriptor, peer);
}

const frontend_clients& listener::clients() const {
  return *frontend_->current->plan->clients;
}

bool listener::may_give_away() const {
  // One that drains keeps what its queue still holds.
  if (!spread_ || !watching_)
    return false;
  const auto& counts = clients().by_worker;
  const auto mine = counts[worker_.services.index].connections_open.get();
  const auto mean =
    clients().open.load(std::memory_order_relaxed) / counts.size();
  return !pace_.lives_are_brief(mine) || mine > mean + mean / 2 + 8;
}

void listener::adopt(const adopt_connection& message) {
  auto& handed = *message.connection;
  {
    const reserved_place here{*spread_, worker_.services.index};
    const int descriptor = handed.take();
    // The limit may have been reached while it was on its way.
    if (!refuse_if_full(descriptor, handed.peer()))
      serve(descriptor, handed.peer());
  }
  if (group_->draining) {
    group_->for_each([](auto& member) { member.drain(); });
    end_if_done();
  }
}

void listener::serve(int descriptor, const endpoint& peer) {
  pace_.count(worker_.services.event_loop.now());
  try {
    spawn_on<connection>(
      *host(), connection_start{connection_slot{worker_, frontend_, group_},
                                descriptor, peer});
  } catch (const std::exception& e) {
    // The socket is closed by now; the others must not notice.
    log::error("frontend {}: a connection could not start: {}", name_,
               e.what());
  }
}

bool listener::refuse_if_full(int descriptor, const endpoint& peer) {
  if (!is_full())
    return false;
  const auto& plan = *frontend_->current->plan;
  frontend_->counters()
    .refused[static_cast<size_t>(reason::frontend_limit)]
    .add();
  net::access_record record;
  std::string request_id;
  if (plan.settings.protocol == protocol::http) {
    net::make_request_id(worker_.services.random(), request_id);
    record.request_id = request_id;
    record.status = 503;
    record.bytes_sent = send_refusal(descriptor, peer, request_id);
  }
  ::close(descriptor);
  if (worker_.services.log.enabled())
    log_refusal(peer, record);
  return true;
}

std::string listener::refusal(const endpoint& peer,
                              std::string_view request_id) const {
  const auto& plan = *frontend_->current->plan;
  net::http1::own_error error{503, "Service Unavailable", {}, request_id};
  error.page = net::error_page(plan.settings, error.status);
  routing::request_view view;
  view.client = &peer;
  routing::variable_values known{view, {}, request_id, plan.settings.name};
  known.node = plan.node;
  net::changed_response filled;
  const auto rules = net::own_reply_rules(
    frontend_->current->rest().plan, worker_.services.index, known, filled);
  return net::http1::reply_text(
    net::http1::error_reply(error), rules,
    {true, false, false, std::chrono::system_clock::now()});
}

uint64_t listener::send_refusal(int descriptor, const endpoint& peer,
                                std::string_view request_id) {
  // Closing over unread bytes is a reset, which may overtake the reply.
  auto& event_loop = worker_.services.event_loop;
  [[maybe_unused]] const auto thrown_away = ::recv(
    descriptor, event_loop.scratch(), net::loop::scratch_bytes, MSG_DONTWAIT);
  event_loop.poison_scratch();
  const auto reply = refusal(peer, request_id);
  const auto sent =
    ::send(descriptor, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<uint64_t>(sent) : 0;
}

void listener::log_refusal(const endpoint& peer, net::access_record& record) {
  const auto& plan = *frontend_->current->plan;
  const auto client = peer.to_string();
  record.client = client;
  record.frontend = name_;
  record.backend = plan.settings.backend;
  record.reason = reason::frontend_limit;
  record.generation = plan.generation;
  record.total_us = 0;
  worker_.services.log.write(worker_.services.index, record);
}

void listener::pause_accepting() {
  const auto now = worker_.services.event_loop.now();
  if (now >= quiet_until_) {
    quiet_until_ = now + complaint_pause;
    journal::warn(event_kind::daemon, name_,
                  "frontend {}: cannot accept: {}; trying again every {} ms",
                  name_, std::strerror(errno), accept_pause.count());
  }
  if (!std::exchange(starved_, true))
    frontend_->counters()
      .refused[static_cast<size_t>(reason::local_resource)]
      .add();
  pause(accept_pause);
}

void listener::pause(milliseconds time) {
  paused_ = true;
  unwatch();
  auto& event_loop = worker_.services.event_loop;
  event_loop.timers().arm(timer_token_, event_loop.now() + time);
}

void listener::on_timer() {
  in_actor([this] {
    if (group_->draining) {
      group_->for_each([this](auto& member) { member.close(cut_reason_); });
    } else if (paused_) {
      paused_ = false;
      watch();
    }
  });
}

void listener::drain(const drain_listener& message) {
  cut_reason_ = message.cut_reason;
  if (spread_)
    spread_->leave(worker_.services.index);
  if (descriptor_ >= 0) {
    unwatch();
    // Closing a socket of a REUSEPORT group resets what waits in its queue.
    for (int n = 0; n < accepts_a_drain && accept_one() == accepted::one; ++n) {
    }
    ::close(std::exchange(descriptor_, -1));
  }
  frontend_->draining = true;
  group_->draining = true;
  group_->for_each([](auto& member) { member.drain(); });
  auto& event_loop = worker_.services.event_loop;
  event_loop.timers().arm(timer_token_,
                          event_loop.now() + message.drain_timeout);
  end_if_done();
}

void listener::end_if_done() {
  if (!group_->draining || !group_->members.empty())
    return;
  if (spread_ && !spread_->leave(worker_.services.index))
    return; // one is on its way still
  caf::anon_send(
    owner_, listener_ended{frontend_key(frontend_->current->plan->settings)});
  quit();
}

} // namespace troupe::actors
