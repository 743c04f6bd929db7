// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/journey.hpp"
#include "net/transport/tunnel.hpp"

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

  session_phase phase() const noexcept override {
    if (tunnel_)
      return session_phase::tunnel;
    return ended_ ? session_phase::ended : way_.phase();
  }
  const endpoint& peer() const noexcept override { return peer_; }
  uint64_t requests() const noexcept override { return 1; }
  std::string_view server() const noexcept override {
    return way_.dial.server() ? std::string_view{way_.dial.server()->name} : "";
  }
  const server_connection* upstream() const noexcept override {
    return way_.dial.has_connection() ? &way_.dial.connection() : nullptr;
  }

private:
  void begin();
  void choose_route();
  void on_dialed(dialer::outcome outcome);
  void run_tunnel();
  void end(reason why);
  void judge_server(reason why);
  void account(reason why);
  void write_log(reason why);
  milliseconds timeout_idle() const noexcept {
    return way_.plan->plan->settings.tcp.timeout_idle;
  }

  worker_services& services_;
  const client_token client_token_;
  const endpoint peer_;
  stream_owner& owner_;
  stream client_;
  journey way_;
  std::optional<tunnel> tunnel_; ///< once the server is reached
  bool begun_ = false;
  bool ended_ = false;
};

tcp_session::tcp_session(session_start start)
  : services_(start.services), client_token_(start.client), peer_(start.peer),
    owner_(start.owner), client_(services_.event_loop, start.owner),
    way_(services_) {
  way_.begin(start.frontend->current, client_token_,
             services_.event_loop.now());
  client_.open(start.descriptor, true, peer_.family() == AF_UNIX);
}

void tcp_session::progress() {
  if (tunnel_)
    return run_tunnel();
  if (ended_)
    return;
  if (!std::exchange(begun_, true))
    begin();
  else if (client_.hung_up())
    end(reason::client_abort);
  else if (const auto outcome = way_.resume())
    on_dialed(*outcome);
  if (tunnel_)
    run_tunnel();
}

void tcp_session::begin() {
  if (services_.event_loop.buffers().pressure() == buffer_pool::level::full)
    return end(reason::memory);
  choose_route();
  if (!way_.route->backend)
    return end(reason::no_route);
  if (!way_.dial.begin(*way_.route, owner_, stable_hash(peer_.ip_bytes()),
                       client_token_))
    return end(reason::no_healthy_backend);
  on_dialed(way_.dial.dial(dialer::reuse::none));
}

void tcp_session::choose_route() {
  const auto& plan = *way_.plan->plan;
  if (plan.matchers.empty())
    return;
  routing::request_view view;
  view.client = &peer_;
  const auto answer = plan.matchers[services_.index]->match(view);
  if (answer.what == routing::answer::kind::route)
    way_.route = &way_.plan->routes[answer.a].pick(services_.random());
}

void tcp_session::on_dialed(dialer::outcome outcome) {
  if (!way_.follow(outcome))
    return end(way_.dial.failure());
  if (!way_.has_reached())
    return;
  tunnel_.emplace(services_.event_loop, client_, way_.dial.connection().io);
  way_.arm(timeout_idle());
}

void tcp_session::run_tunnel() {
  turn_budget budget;
  bool moved = false;
  while (!budget.spent() && tunnel_->run(budget))
    moved = true;
  auto& first_byte = way_.times.first_byte;
  if (tunnel_->bytes_down() > 0 && first_byte == time_point{}) {
    first_byte = services_.event_loop.now();
    way_.dial.note_answer(true);
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
    way_.arm(timeout_idle());
  if (budget.spent())
    services_.event_loop.make_ready(client_token_);
}

void tcp_session::on_timer() {
  if (ended_)
    return;
  if (tunnel_ && tunnel_->peers_take())
    return way_.arm(timeout_idle());
  if (tunnel_)
    return end(reason::client_timeout);
  if (way_.phase() == session_phase::queued)
    return end(reason::queue_timeout);
  on_dialed(way_.dial.on_timeout());
  // A server reached at once: no event will tell of what the client has sent.
  if (tunnel_)
    run_tunnel();
}

void tcp_session::end(reason why) {
  if (std::exchange(ended_, true))
    return;
  account(why);
  const bool reached = tunnel_.has_value();
  tunnel_.reset();
  if (why != reason::ok && reached) {
    // Neither side may take what it got for complete.
    way_.dial.connection().io.abort();
    client_.abort();
  }
  way_.dial.release(false);
  client_.close();
}

void tcp_session::judge_server(reason why) {
  const bool answered = tunnel_->bytes_down() > 0; // noted when it did
  if (why == reason::server_reset)
    way_.dial.note_fault(why, !answered);
  else if (why == reason::ok && !answered) // no protocol makes a server speak
    way_.dial.note_answer(true);
}

void tcp_session::account(reason why) {
  const auto worker = services_.index;
  if (tunnel_) {
    judge_server(why);
    auto& counts = way_.dial.server()->by_worker[worker];
    counts.requests[1].add();
    counts.bytes_sent.add(tunnel_->bytes_up());
    counts.bytes_received.add(tunnel_->bytes_down());
  } else if (why != reason::client_abort) {
    way_.counters().refused[static_cast<size_t>(why)].add();
  }
  if (services_.log.enabled())
    write_log(why);
}

void tcp_session::write_log(reason why) {
  const auto client = peer_.to_string();
  access_record record;
  record.client = client;
  way_.describe(record, why);
  if (tunnel_) {
    record.bytes_received = tunnel_->bytes_up();
    record.bytes_sent = tunnel_->bytes_down();
  }
  services_.log.write(services_.index, record);
}

} // namespace

std::unique_ptr<session> make_tcp_session(session_start start) {
  return std::make_unique<tcp_session>(std::move(start));
}

} // namespace troupe::net
