// SPDX-License-Identifier: BSD-3-Clause
#include "net/dialer.hpp"
#include "net/journey_times.hpp"
#include "net/session.hpp"
#include "net/tunnel.hpp"

#include <optional>

namespace troupe::net {

namespace {

/// A TCP stream: pick a server, connect, tie both ends together.
class tcp_session final : public session {
public:
  explicit tcp_session(session_start start);

  void progress() override;
  void on_timer() override;
  void drain() override {} // a stream has no place to stop: it is cut off
  void cut(reason why) override { end(why); }

  session_phase phase() const noexcept override { return phase_; }
  const endpoint& peer() const noexcept override { return peer_; }
  uint64_t requests() const noexcept override { return 1; }
  std::string_view server() const noexcept override {
    return dial_.server() ? std::string_view{dial_.server()->name} : "";
  }
  const server_connection* upstream() const noexcept override {
    return dial_.has_connection() ? &dial_.connection() : nullptr;
  }

private:
  void begin();
  void choose_route();
  void resume();
  void resume_queued();
  void continue_with(dialer::outcome outcome);
  void run_tunnel();
  void end(reason why);
  void judge_server(reason why);
  void account(reason why);
  void write_log(reason why);
  void arm(milliseconds timeout);

  worker_services& services_;
  local_ptr<frontend_slot> frontend_;
  local_ptr<held_plan> plan_;
  const route_slot* route_ = nullptr; ///< one of the plan's
  const client_token client_token_;
  const endpoint peer_;
  stream_owner& owner_;
  stream client_;
  dialer dial_;
  std::optional<tunnel> tunnel_;
  journey_times times_;
  session_phase phase_ = session_phase::connecting;
  bool begun_ = false;
};

tcp_session::tcp_session(session_start start)
  : services_(start.services), frontend_(std::move(start.frontend)),
    plan_(frontend_->current), route_(&plan_->rest()),
    client_token_(start.client), peer_(start.peer), owner_(start.owner),
    client_(services_.event_loop, start.owner), dial_(services_) {
  times_.started = services_.event_loop.now();
  client_.open(start.descriptor, true, peer_.family() == AF_UNIX);
}

void tcp_session::progress() {
  if (!begun_) {
    begun_ = true;
    begin();
  } else if (phase_ == session_phase::connecting) {
    if (client_.hung_up())
      end(reason::client_abort);
    else
      resume();
  } else if (phase_ == session_phase::queued) {
    if (client_.hung_up())
      end(reason::client_abort);
    else
      resume_queued();
  }
  if (phase_ == session_phase::tunnel)
    run_tunnel();
}

void tcp_session::begin() {
  if (services_.event_loop.buffers().pressure() == buffer_pool::level::full)
    return end(reason::memory);
  choose_route();
  if (!route_->backend)
    return end(reason::no_route);
  if (!dial_.begin(*route_, owner_, stable_hash(peer_.ip_bytes()),
                   client_token_))
    return end(reason::no_healthy_backend);
  continue_with(dial_.dial(dialer::reuse::none));
}

void tcp_session::choose_route() {
  const auto& plan = *plan_->plan;
  route_ = &plan_->rest();
  if (plan.matchers.empty())
    return;
  routing::request_view view;
  view.client = &peer_;
  const auto answer = plan.matchers[services_.index]->match(view);
  if (answer.what == routing::answer::kind::route)
    route_ = &plan_->routes[answer.a].pick(services_.random());
}

void tcp_session::resume() {
  const auto before = dial_.retries();
  const auto outcome = dial_.resume();
  // A try that goes on keeps its deadline, whatever the client sends.
  if (outcome != dialer::outcome::pending || dial_.retries() != before)
    continue_with(outcome);
}

void tcp_session::resume_queued() {
  const auto outcome = dial_.resume_queued();
  if (outcome != dialer::outcome::queued)
    continue_with(outcome);
}

void tcp_session::continue_with(dialer::outcome outcome) {
  switch (outcome) {
  case dialer::outcome::ready:
    times_.connected = services_.event_loop.now();
    tunnel_.emplace(services_.event_loop, client_, dial_.connection().io);
    phase_ = session_phase::tunnel;
    arm(plan_->plan->settings.tcp.timeout_idle);
    break;
  case dialer::outcome::queued:
    phase_ = session_phase::queued;
    arm(dial_.snapshot().queue.timeout);
    break;
  case dialer::outcome::pending:
    phase_ = session_phase::connecting;
    arm(dial_.patience());
    break;
  case dialer::outcome::failed:
    end(dial_.failure());
    break;
  }
}

void tcp_session::run_tunnel() {
  turn_budget budget;
  bool moved = false;
  while (!budget.spent() && tunnel_->run(budget))
    moved = true;
  if (tunnel_->bytes_down() > 0 && times_.first_byte == time_point{}) {
    times_.first_byte = services_.event_loop.now();
    dial_.note_answer(true);
  }
  switch (tunnel_->status()) {
  case tunnel::status::failed:
    return end(tunnel_->client_failed() ? reason::client_abort
                                        : reason::server_reset);
  case tunnel::status::finished:
    return end(reason::ok);
  case tunnel::status::running:
    break;
  }
  if (moved)
    arm(plan_->plan->settings.tcp.timeout_idle);
  if (budget.spent())
    services_.event_loop.make_ready(client_token_);
}

void tcp_session::on_timer() {
  if (phase_ == session_phase::queued)
    return end(reason::queue_timeout);
  if (phase_ == session_phase::tunnel && tunnel_->peers_take())
    return arm(plan_->plan->settings.tcp.timeout_idle);
  if (phase_ != session_phase::connecting)
    return end(reason::client_timeout);
  continue_with(dial_.on_timeout());
  // A server reached at once: no event will tell of what the client has sent.
  if (phase_ == session_phase::tunnel)
    run_tunnel();
}

void tcp_session::end(reason why) {
  if (phase_ == session_phase::ended)
    return;
  account(why);
  phase_ = session_phase::ended;
  tunnel_.reset();
  if (why != reason::ok && dial_.has_connection() && !dial_.is_pending()) {
    // Neither side may take what it got for complete.
    dial_.connection().io.abort();
    client_.abort();
  }
  dial_.release(false);
  client_.close();
}

void tcp_session::judge_server(reason why) {
  const bool answered = tunnel_->bytes_down() > 0; // noted when it did
  if (why == reason::server_reset)
    dial_.note_fault(why, !answered);
  else if (why == reason::ok && !answered) // no protocol makes a server speak
    dial_.note_answer(true);
}

void tcp_session::account(reason why) {
  const auto worker = services_.index;
  if (tunnel_) {
    judge_server(why);
    auto& counts = dial_.server()->by_worker[worker];
    counts.requests[1].add();
    counts.bytes_sent.add(tunnel_->bytes_up());
    counts.bytes_received.add(tunnel_->bytes_down());
  } else if (why != reason::client_abort) {
    frontend_->counters().refused[static_cast<size_t>(why)].add();
  }
  if (services_.log.enabled())
    write_log(why);
}

void tcp_session::write_log(reason why) {
  const auto client = peer_.to_string();
  access_record record;
  record.client = client;
  record.frontend = plan_->plan->settings.name;
  record.route = route_->plan.name;
  record.backend = route_->plan.backend;
  record.server = server();
  record.reason = why;
  record.generation = plan_->plan->generation;
  record.retries = dial_.retries();
  if (tunnel_) {
    record.bytes_received = tunnel_->bytes_up();
    record.bytes_sent = tunnel_->bytes_down();
  }
  record.connect_us = times_.since_start(times_.connected);
  record.first_byte_us = times_.since_start(times_.first_byte);
  record.total_us = times_.since_start(services_.event_loop.now());
  services_.log.write(services_.index, record);
}

void tcp_session::arm(milliseconds timeout) {
  auto& event_loop = services_.event_loop;
  event_loop.timers().arm(client_token_, event_loop.now() + timeout);
}

} // namespace

std::unique_ptr<session> make_tcp_session(session_start start) {
  return std::make_unique<tcp_session>(std::move(start));
}

} // namespace troupe::net
