// SPDX-License-Identifier: BSD-3-Clause
#include "net/http_session.hpp"

#include "net/http1/forward.hpp"
#include "net/http1/reason_phrase.hpp"

#include <algorithm>
#include <utility>

namespace troupe::net {

namespace {

/// How long a client may be silent before a closing connection reads no more.
/// One that is in the middle of a body has `timeout_idle`.
constexpr milliseconds linger_time{2'000};

/// Bytes a second that a closing connection is kept open for.
constexpr uint32_t linger_rate_min = 512;

/// A client that has finished sending before its server is connected: it may
/// have left, or have closed one direction together with its request. It gets
/// as long as a connect takes where all is well.
constexpr milliseconds half_closed_time{100};

/// How long a connection without a request may still bring one while draining.
constexpr milliseconds grace_time{1'000};

/// What the client is told for each way a server can fail.
unsigned status_of(reason why) noexcept {
  switch (why) {
  case reason::server_reset:
  case reason::bad_response:
    return 502;
  case reason::server_timeout:
    return 504;
  default:
    return 503;
  }
}

} // namespace

http_session::http_session(session_start start)
  : services_(start.services), frontend_(std::move(start.frontend)),
    client_token_(start.client), owner_(start.owner), peer_(start.peer),
    peer_ip_(peer_.ip()), peer_hash_(stable_hash(peer_.ip_bytes())),
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
  return exchange_ && exchange_->client ? *exchange_->client : peer_;
}

const server_connection* http_session::upstream() const noexcept {
  return exchange_ && exchange_->dial.has_connection()
         ? &exchange_->dial.connection()
         : nullptr;
}

milliseconds http_session::timeout_response() const noexcept {
  return exchange_->route->plan.timeout_response.value_or(
    exchange_->dial.snapshot().timeout_response);
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
  case session_phase::queued:
    return step_queued();
  case session_phase::connecting:
    return step_connecting();
  case session_phase::exchange:
    return step_exchange(budget);
  case session_phase::tunnel:
    return step_tunnel(budget);
  case session_phase::closing:
    return step_closing(budget);
  case session_phase::ended:
    break;
  }
  return false;
}

bool http_session::step_queued() {
  // A FIN alone is reason enough here: nobody works yet, and who waits in
  // front of a full backend and gives up must not be worked off.
  if (client_.hung_up() || client_.peer_finished()) {
    cut(reason::client_abort);
    return true;
  }
  const auto outcome = exchange_->dial.resume_queued();
  if (outcome == dialer::outcome::queued)
    return false;
  on_dialed(outcome);
  return true;
}

bool http_session::step_connecting() {
  if (client_.hung_up()) {
    cut(reason::client_abort);
    return true;
  }
  auto& dial = exchange_->dial;
  const auto before = dial.retries();
  const auto outcome = dial.resume();
  if (outcome == dialer::outcome::pending && client_.peer_finished()
      && !std::exchange(exchange_->client_left, true))
    arm(std::min(half_closed_time, dial.snapshot().timeout_connect));
  // A try that goes on keeps its deadline; the next server gets its own.
  if (outcome == dialer::outcome::pending && dial.retries() == before)
    return false;
  on_dialed(outcome);
  return true;
}

void http_session::on_dialed(dialer::outcome outcome) {
  auto& x = *exchange_;
  switch (outcome) {
  case dialer::outcome::ready:
    phase_ = session_phase::exchange;
    x.times.connected = services_.event_loop.now();
    x.sent_before = x.dial.connection().io.bytes_sent();
    x.server_deaf = false;
    arm_exchange();
    send_to_server({});
    break;
  case dialer::outcome::pending:
    phase_ = session_phase::connecting;
    arm(x.client_left ? half_closed_time : x.dial.patience());
    break;
  case dialer::outcome::queued:
    phase_ = session_phase::queued;
    arm(x.dial.snapshot().queue.timeout);
    break;
  case dialer::outcome::failed:
    fail(status_of(x.dial.failure()), x.dial.failure());
    break;
  }
}

bool http_session::step_exchange(turn_budget& budget) {
  if (client_.hung_up()) {
    cut(reason::client_abort);
    return true;
  }
  if (pump_response(budget))
    return true;
  return phase_ == session_phase::exchange && pump_request(budget);
}

bool http_session::step_tunnel(turn_budget& budget) {
  const bool moved = tunnel_->run(budget);
  switch (tunnel_->status()) {
  case tunnel::status::running:
    if (moved)
      arm(frontend_->current->plan->settings.tcp.timeout_idle);
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
  const auto flushed = flush(client_, rules().timeout_idle);
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

void http_session::count_retry(counter backend_counters::*which) noexcept {
  if (auto* counts = exchange_->dial.backend().counters())
    (counts->*which).add();
}

bool http_session::may_send_again() const noexcept {
  const auto& x = *exchange_;
  if (x.response_started || x.interim_bytes > 0 || !x.dial.may_try_again())
    return false;
  const bool untouched =
    !x.body_sent
    && (!x.dial.has_connection()
        || x.dial.connection().io.bytes_sent() == x.sent_before);
  return untouched || (x.idempotent && !x.body_sent);
}

void http_session::server_failed(reason why, bool by_itself) {
  auto& x = *exchange_;
  const bool again = may_send_again();
  // Connect failures are free: the dialer takes the next server by itself.
  const bool paid = again && x.dial.backend().budget().try_spend();
  // A kept connection that its server had closed meanwhile is no failure,
  // unless it costs a request.
  const bool stale =
    by_itself && x.dial.is_reused() && x.bytes_from_server == 0;
  if (by_itself && (!stale || !paid))
    x.dial.note_fault(why, !stale && !x.head_done);
  x.dial.discard();
  if (!again)
    return fail(status_of(why), why);
  if (!paid) {
    count_retry(&backend_counters::retries_budget_exhausted);
    return fail(status_of(why), reason::retry_budget);
  }
  x.response_head.reset();
  x.head_sent = false;
  on_dialed(x.dial.dial(dialer::reuse::none));
}

void http_session::refuse_response(bool evidence) {
  auto& x = *exchange_;
  x.dial.note_fault(reason::bad_response, evidence);
  x.dial.discard();
  fail(502, reason::bad_response);
}

void http_session::fail(unsigned status, reason why) {
  fail(status, http1::reason_phrase(status), why);
}

void http_session::fail(unsigned status, std::string_view phrase, reason why) {
  auto& x = *exchange_;
  x.dial.release(false);
  if (x.response_started)
    return cut_response(why);
  settle_keep_alive();
  reply_itself(status, error_text(status, phrase), why);
}

void http_session::settle_keep_alive() noexcept {
  auto& x = *exchange_;
  if (!x.request_done || draining_ || frontend_->draining)
    x.keep_alive = false;
}

void http_session::reply_itself(unsigned status, std::string_view reply,
                                reason why) {
  auto& x = *exchange_;
  x.status = status;
  x.bytes_sent += reply.size();
  if (client_.send(reply) == io_status::failed)
    return cut(reason::client_abort);
  finish_exchange(why);
}

bool http_session::cut_is_visible() const noexcept {
  const auto& x = *exchange_;
  return x.response_framing == http1::framing::length
      || (x.response_framing == http1::framing::chunked && !x.http10);
}

void http_session::cut_response(reason why) {
  const bool visible = cut_is_visible();
  account(why);
  drop_exchange();
  if (visible)
    return begin_closing(milliseconds{0});
  client_.abort();
  end();
}

void http_session::finish_exchange(reason why) {
  auto& x = *exchange_;
  const bool keep = x.keep_alive && x.request_done;
  // Who was told to mend its head, or that it is too slow, sends no more.
  const bool sends_body =
    x.request_framing != http1::framing::none && why != reason::client_timeout;
  const auto linger = x.request_done ? milliseconds{0}
                    : sends_body     ? rules().timeout_idle
                                     : linger_time;
  account(why);
  if (x.logs_in && x.dial.has_connection())
    x.dial.bind();
  // A server that was asked to change the protocol may not have decided yet.
  x.dial.release(x.server_keep_alive && x.request_done && !x.server_deaf
                 && !x.upgrade);
  drop_exchange();
  if (!keep)
    own_.end();
  if (!keep)
    return begin_closing(linger);
  phase_ = session_phase::idle;
  client_.has_unsent() ? arm(rules().timeout_idle) : begin_rest();
}

void http_session::arm_exchange() {
  const auto& x = *exchange_;
  arm(x.request_done && !x.head_done ? timeout_response()
                                     : rules().timeout_idle);
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

void http_session::start_tunnel(std::string_view from_server) {
  auto& x = *exchange_;
  if (!from_server.empty())
    client_.send(from_server);
  if (!input_.empty()) {
    x.dial.connection().io.send(input_.view());
    input_.reset();
  }
  tunnel_ = std::make_unique<tunnel>(services_.event_loop, client_,
                                     x.dial.connection().io);
  phase_ = session_phase::tunnel;
  arm(frontend_->current->plan->settings.tcp.timeout_idle);
}

void http_session::on_timer() {
  switch (phase_) {
  case session_phase::idle:
    on_idle_timer();
    break;
  case session_phase::head:
    fail_head(408, reason::client_timeout);
    break;
  case session_phase::queued:
    fail(503, reason::queue_timeout);
    break;
  case session_phase::connecting:
    if (exchange_->client_left)
      cut(reason::client_abort);
    else
      on_dialed(exchange_->dial.on_timeout());
    break;
  case session_phase::exchange:
    if (peers_take())
      arm_exchange();
    else if (client_stalls())
      fail(408, reason::client_timeout);
    else
      server_timed_out();
    break;
  case session_phase::tunnel:
    if (tunnel_->peers_take())
      arm(frontend_->current->plan->settings.tcp.timeout_idle);
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

bool http_session::peers_take() noexcept {
  auto& x = *exchange_;
  auto& server = x.dial.connection().io;
  return ((client_.has_unsent() || x.response_body.pending() > 0)
          && client_.peer_takes())
      || ((server.has_unsent() || x.request_body.pending() > 0)
          && server.peer_takes());
}

bool http_session::client_stalls() const noexcept {
  const auto& x = *exchange_;
  const bool reads_nothing =
    client_.has_unsent() || x.response_body.pending() > 0;
  // A server may answer as it reads: what it owes can hang on what it is owed.
  const bool sends_nothing = !x.request_done && !x.server_deaf
                          && !x.dial.connection().io.has_unsent()
                          && x.request_body.pending() == 0;
  return reads_nothing || sends_nothing;
}

void http_session::server_timed_out() {
  auto& x = *exchange_;
  // A stream that rests is no fault: what a server owes is the head.
  x.dial.note_fault(reason::server_timeout, !x.head_done);
  fail(504, reason::server_timeout);
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
    account(why);
    exchange_->dial.release(false);
  }
  end();
}

void http_session::lose_server(reason why) {
  if (phase_ == session_phase::exchange || phase_ == session_phase::connecting)
    server_failed(why, false);
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
    fail(503, why);
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

io_status http_session::flush(stream& to, milliseconds timeout) {
  const auto before = to.bytes_sent();
  const auto status = to.flush();
  if (status == io_status::would_block && to.bytes_sent() > before)
    arm(timeout);
  return status;
}

std::unique_ptr<session> make_http_session(session_start start) {
  return std::make_unique<http_session>(std::move(start));
}

} // namespace troupe::net
