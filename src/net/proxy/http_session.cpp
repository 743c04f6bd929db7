// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/http_session.hpp"

#include <algorithm>
#include <utility>

namespace troupe::net {

namespace {

/// Bytes a second that a closing connection is kept open for.
constexpr uint32_t linger_rate_min = 512;

/// How long a connection without a request may still bring one while draining.
constexpr milliseconds grace_time{1'000};

} // namespace

http_session::http_session(session_start start)
  : client_end(client_), services_(start.services),
    frontend_(std::move(start.frontend)), client_token_(start.client),
    owner_(start.owner), peer_(start.peer), peer_ip_(peer_.ip()),
    peer_hash_(stable_hash(peer_.ip_bytes())),
    client_(services_.event_loop, start.owner) {
  const bool is_unix = peer_.family() == AF_UNIX;
  if (start.idle) {
    client_.adopt(start.idle->connection, is_unix);
    requests_ = start.idle->requests;
    rests_since_ = start.idle->since;
    arm_end_of_rest();
  } else {
    client_.open(start.descriptor, true, is_unix);
    arm(rules().timeout_header);
  }
}

http_session::~http_session() = default;

std::string_view http_session::server() const noexcept {
  const auto* server = exchange_ ? exchange_->dial.server() : nullptr;
  return server ? std::string_view{server->name} : std::string_view{};
}

const endpoint& http_session::client() const noexcept {
  return exchange_ && exchange_->named_client ? *exchange_->named_client
                                              : peer_;
}

const server_connection* http_session::upstream() const noexcept {
  return exchange_ && exchange_->dial.has_connection()
         ? &exchange_->dial.connection()
         : nullptr;
}

void http_session::progress() {
  turn_budget budget;
  while (!ended() && step(budget))
    if (budget.spent()) {
      services_.event_loop.make_ready(client_token_);
      break;
    }
  services_.event_loop.poison_scratch();
}

bool http_session::step(turn_budget& budget) {
  switch (phase_) {
  case session_phase::idle:
  case session_phase::head:
    return read_head(budget);
  case session_phase::exchange:
    return step_exchange(budget);
  case session_phase::tunnel:
    return step_tunnel(budget);
  case session_phase::closing:
    return step_closing(budget);
  default:
    break;
  }
  return false;
}

bool http_session::step_exchange(turn_budget& budget) {
  auto& x = *exchange_;
  if (!x.has_reached())
    return x.resume_dial();
  if (client_.hung_up()) {
    cut(reason::client_abort);
    return true;
  }
  if (x.server.pump_response(budget))
    return true;
  return phase_ == session_phase::exchange && pump_request(budget);
}

bool http_session::step_tunnel(turn_budget& budget) {
  const bool moved = tunnel_->run(budget);
  switch (tunnel_->status()) {
  case tunnel::status::running:
    if (moved)
      arm(timeout_tunnel());
    break;
  case tunnel::status::finished:
    cut(reason::ok);
    break;
  case tunnel::status::failed:
    if (!tunnel_->client_failed())
      exchange_->dial.note_fault(reason::server_reset, false);
    cut(tunnel_->client_failed() ? reason::client_abort : reason::server_reset);
    break;
  }
  return moved;
}

bool http_session::step_closing(turn_budget& budget) {
  const bool replying = client_.has_unsent();
  const auto flushed = flush_client();
  if (flushed == io_status::failed || client_.hung_up()) {
    end();
    return true;
  }
  if (flushed == io_status::would_block)
    return false;
  if (linger_.count() == 0) { // closing says it as well
    end();
    return true;
  }
  client_.finish_sending();
  if (replying)
    arm(linger_);
  const auto got = client_.receive(read_large);
  budget.spend(got.bytes.size());
  if (got.status == io_status::would_block) {
    linger_pace_.await(services_.event_loop.now());
    return false;
  }
  if (got.status != io_status::done || lingers_too_slowly(got.bytes.size()))
    end();
  else
    arm(linger_);
  return true;
}

bool http_session::lingers_too_slowly(size_t bytes) {
  linger_pace_.stop(services_.event_loop.now());
  linger_pace_.came(bytes, linger_rate_min);
  return linger_pace_.behind() > slow_time(rules());
}

void http_session::begin_rest() {
  rests_since_ = services_.event_loop.now();
  arm(std::min(parks_after, rules().timeout_keep_alive));
}

void http_session::arm_end_of_rest() {
  services_.event_loop.timers().arm(client_token_,
                                    rests_since_ + rules().timeout_keep_alive);
}

/// Before the end of its rest there is one stop: it may be taken then.
void http_session::on_idle_timer() {
  const auto idle = services_.event_loop.now() - rests_since_;
  if (client_.has_unsent() && client_.peer_takes())
    arm(rules().timeout_idle);
  else if (requests_ == 0 || draining_ || client_.has_unsent()
           || idle >= rules().timeout_keep_alive)
    end();
  else
    arm_end_of_rest();
}

std::optional<idle_client> http_session::take_idle() {
  const auto idle = services_.event_loop.now() - rests_since_;
  if (phase_ != session_phase::idle || requests_ == 0 || draining_
      || !input_.empty() || client_.has_unsent() || client_.readable()
      || client_.hung_up() || own_ || idle < parks_after)
    return std::nullopt;
  phase_ = session_phase::ended;
  return idle_client{client_.let_go(), requests_, rests_since_};
}

void http_session::drop_exchange() {
  if (exchange_)
    services_.give_exchange(std::move(exchange_));
}

void http_session::begin_closing(milliseconds linger) {
  const bool has_input = client_.readable() || !input_.empty();
  linger_ = linger.count() == 0 && has_input ? linger_time : linger;
  if (draining_)
    linger_ = std::min(linger_, linger_time);
  input_.reset();
  phase_ = session_phase::closing;
  arm(linger_.count() > 0 && !client_.has_unsent() ? linger_
                                                   : rules().timeout_idle);
}

void http_session::on_timer() {
  switch (phase_) {
  case session_phase::idle:
    on_idle_timer();
    break;
  case session_phase::head:
    fail_head(408, reason::client_timeout);
    break;
  case session_phase::exchange:
    exchange_->on_timer();
    break;
  case session_phase::tunnel:
    if (tunnel_->peers_take())
      arm(timeout_tunnel());
    else
      cut(reason::client_timeout);
    break;
  default:
    if (client_.has_unsent() && client_.peer_takes())
      arm(rules().timeout_idle);
    else
      end();
  }
  if (!ended())
    progress();
}

void http_session::drain() {
  draining_ = true;
  if (phase_ == session_phase::closing && linger_ > linger_time) {
    linger_ = linger_time;
    if (!client_.has_unsent())
      arm(linger_);
  }
  if (phase_ != session_phase::idle || !input_.empty() || client_.has_unsent())
    return;
  // Who has just come has a request on its way; who rests may have one in the
  // socket that no event has told of yet.
  if (requests_ == 0)
    arm(grace_time);
  else if (client_.is_quiet())
    end();
}

void http_session::cut(reason why) {
  if (ended())
    return;
  if (exchange_) {
    if (tunnel_) {
      exchange_->bytes_received += tunnel_->bytes_up();
      exchange_->bytes_sent += tunnel_->bytes_down();
      exchange_->bytes_from_server += tunnel_->bytes_down();
      tunnel_.reset();
      if (why != reason::ok) {
        exchange_->dial.connection().io.abort();
        client_.abort();
      }
    } else if (exchange_->response_started && !cut_is_visible()) {
      client_.abort();
    }
    exchange_->close(why, false);
  }
  end();
}

void http_session::lose_server(reason why) {
  if (phase_ == session_phase::exchange)
    exchange_->server_failed(why, false);
  else
    cut(why);
}

client_wait http_session::waits() const noexcept {
  if (phase_ == session_phase::head)
    return client_wait::head;
  if (phase_ != session_phase::idle || client_.has_unsent())
    return client_wait::no;
  return requests_ > 0 ? client_wait::rest : client_wait::head;
}

bool http_session::client_is_silent() const noexcept {
  return !client_.readable() && client_.is_quiet();
}

void http_session::give_up(reason why) {
  if (phase_ == session_phase::head) {
    open_exchange();
    exchange_->keep_alive = false;
    exchange_->fail(503, why);
  }
  if (!ended())
    end(); // no lingering: its place is what is wanted
}

void http_session::end() {
  phase_ = session_phase::ended;
  unlink(); // from half_heads
  tunnel_.reset();
  drop_exchange();
  own_.end();
  input_.reset();
  // What was not sent would be missing without a sign.
  client_.has_unsent() ? client_.abort() : client_.close();
}

void http_session::arm(milliseconds timeout) {
  auto& event_loop = services_.event_loop;
  event_loop.timers().arm(client_token_, event_loop.now() + timeout);
}

io_status http_session::flush_rest() {
  const auto before = client_.bytes_sent();
  const auto status = client_.flush();
  if (status == io_status::would_block && client_.bytes_sent() > before)
    arm(rules().timeout_idle);
  return status;
}

std::unique_ptr<session> make_http_session(session_start start) {
  return std::make_unique<http_session>(std::move(start));
}

} // namespace troupe::net
