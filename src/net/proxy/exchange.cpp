// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/exchange.hpp"

#include "net/http1/reason_phrase.hpp"
#include "net/proxy/http_refusal.hpp"

#include <chrono>
#include <utility>

namespace troupe::net {

namespace {

/// A client that has finished sending before its server is connected: it may
/// have left, or have closed one direction together with its request. It gets
/// as long as a connect takes where all is well.
constexpr milliseconds half_closed_time{100};

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

void exchange::begin(client_end& client, client_token token,
                     local_ptr<held_plan> by, time_point since) {
  client_ = &client;
  journey::begin(std::move(by), token, since);
}

void exchange::reset() {
  journey::reset();
  static_cast<exchange_facts&>(*this) = {};
  up.reset();
  down.reset();
  server.reset();
  named_client.reset();
  for (auto* text : {&method, &path, &host, &accept, &request_id})
    text->clear();
}

// -- the way to a server

void exchange::dial_server(stream_owner& owner, uint64_t client_hash,
                           bool first, bound_connection& own) {
  if (!dial.begin(*route, owner, client_hash, client_token_))
    return fail(503, reason::no_healthy_backend);
  dial.backend().budget().on_request();
  on_dialed(dial.dial(reusable_connections(first), own));
}

dialer::reuse exchange::reusable_connections(bool first) const noexcept {
  if (first && dial.snapshot().pool.reuse == pool_reuse::safe)
    return dialer::reuse::none;
  // A body that has left cannot be sent again, whatever the method. Nor is
  // there another try where none is allowed.
  const bool may_repeat = idempotent && request_done && dial.retries_max() > 0;
  return may_repeat ? dialer::reuse::any : dialer::reuse::proven;
}

bool exchange::resume_dial() {
  auto& peer = client_->io;
  const bool queued = phase() == session_phase::queued;
  // In the queue a FIN alone is reason enough: nobody works yet, and who waits
  // in front of a full backend and gives up must not be worked off.
  if (peer.hung_up() || (queued && peer.peer_finished())) {
    client_->cut(reason::client_abort);
    return true;
  }
  const auto outcome = resume();
  if (!queued
      && outcome.value_or(dialer::outcome::pending) == dialer::outcome::pending
      && peer.peer_finished() && !std::exchange(client_left, true))
    arm(std::min(half_closed_time, dial.snapshot().timeout_connect));
  if (!outcome)
    return false;
  on_dialed(*outcome);
  return true;
}

void exchange::on_dialed(dialer::outcome outcome) {
  if (!follow(outcome))
    return fail(status_of(dial.failure()), dial.failure());
  if (has_reached()) {
    arm_next();
    server.reached();
  } else if (client_left && phase() == session_phase::connecting) {
    arm(half_closed_time);
  }
}

void exchange::count_retry(counter backend_counters::*which) noexcept {
  if (auto* counts = dial.backend().counters())
    (counts->*which).add();
}

bool exchange::may_send_again() const noexcept {
  if (response_started || server.has_interim() || !dial.may_try_again()
      || server.body_has_left())
    return false;
  return idempotent || server.is_untouched();
}

void exchange::server_failed(reason why, bool by_itself) {
  const bool again = may_send_again();
  // Connect failures are free: the dialer takes the next server by itself.
  const bool paid = again && dial.backend().budget().try_spend();
  // A kept connection that its server had closed meanwhile is no failure,
  // unless it costs a request.
  const bool stale = by_itself && dial.is_reused() && bytes_from_server == 0;
  if (by_itself && (!stale || !paid))
    dial.note_fault(why, !stale && !head_done);
  dial.discard();
  if (!again)
    return fail(status_of(why), why);
  if (!paid) {
    count_retry(&backend_counters::retries_budget_exhausted);
    return fail(status_of(why), reason::retry_budget);
  }
  server.restart();
  on_dialed(dial.dial(dialer::reuse::none));
}

void exchange::refuse_response(bool evidence) {
  dial.note_fault(reason::bad_response, evidence);
  dial.discard();
  fail(502, reason::bad_response);
}

// -- failures

void exchange::fail(unsigned answer, reason why) {
  fail(answer, http1::reason_phrase(answer), why);
}

void exchange::fail(unsigned answer, std::string_view phrase, reason why) {
  dial.release(false);
  if (response_started)
    client_->cut_response(why);
  else
    client_->refuse(answer, phrase, why);
}

// -- timeouts

void exchange::on_timer() {
  switch (phase()) {
  case session_phase::queued:
    return fail(503, reason::queue_timeout);
  case session_phase::connecting:
    return client_left ? client_->cut(reason::client_abort)
                       : on_dialed(dial.on_timeout());
  default:
    break;
  }
  if (peers_take())
    arm_next();
  else if (client_stalls())
    fail(408, reason::client_timeout);
  else
    server_timed_out();
}

bool exchange::peers_take() noexcept {
  auto& to_client = client_->io;
  auto& to_server = server_io();
  return ((to_client.has_unsent() || down.pending() > 0)
          && to_client.peer_takes())
      || ((to_server.has_unsent() || up.pending() > 0)
          && to_server.peer_takes());
}

bool exchange::client_stalls() noexcept {
  const bool reads_nothing = client_->io.has_unsent() || down.pending() > 0;
  // A server may answer as it reads: what it owes can hang on what it is owed.
  const bool sends_nothing = !request_done && !server.is_deaf()
                          && !server_io().has_unsent() && up.pending() == 0;
  return reads_nothing || sends_nothing;
}

void exchange::server_timed_out() {
  // A stream that rests is no fault: what a server owes is the head.
  dial.note_fault(reason::server_timeout, !head_done);
  fail(504, reason::server_timeout);
}

void exchange::await_body() {
  const auto& http = rules();
  if (!pace.await(services.event_loop.now()) || http.timeout_body.count() == 0
      || head_done)
    return;
  const auto waited = std::chrono::duration_cast<milliseconds>(pace.waited());
  arm(std::min(http.timeout_idle,
               std::max(http.timeout_body - waited, milliseconds{0})));
}

bool exchange::keeps_pace(size_t bytes) {
  const auto& http = rules();
  pace.stop(services.event_loop.now());
  pace.came(bytes, http.min_body_rate);
  // A server that answers while it reads has the body it wants.
  if (head_done
      || (pace.behind() <= slow_time(http)
          && (http.timeout_body.count() == 0
              || pace.waited() <= http.timeout_body)))
    return true;
  fail(408, reason::client_timeout);
  return false;
}

void exchange::request_complete() {
  request_done = true;
  if (has_reached() && !head_done)
    arm(timeout_response());
}

io_status exchange::flush_rest(stream& to, milliseconds timeout) {
  const auto before = to.bytes_sent();
  const auto result = to.flush();
  if (result == io_status::would_block && to.bytes_sent() > before)
    arm(timeout);
  return result;
}

// -- limits

bool exchange::admit(const http1::request_head& head) {
  if (const auto refused = refusal_of_body(head, rules().max_body_bytes)) {
    fail(refused->status, refused->why);
    return false;
  }
  const auto& event_loop = services.event_loop;
  services.half_heads.relieve(services.event_loop.buffers(), event_loop.now());
  if (services.event_loop.buffers().pressure() == buffer_pool::level::full) {
    fail(503, reason::memory);
    return false;
  }
  return true;
}

// -- the way back

bool exchange::send_to_client(std::span<iovec> buffers) {
  for (const auto& buffer : buffers)
    bytes_sent += buffer.iov_len;
  if (!buffers.empty())
    response_started = true;
  if (client_->io.send(buffers) != io_status::failed)
    return true;
  client_->cut(reason::client_abort);
  return false;
}

// -- the end

void exchange::close(reason why, bool reusable) {
  account(why);
  if (reusable && logs_in && dial.has_connection())
    dial.bind();
  // A server that was asked to change the protocol may not have decided yet.
  dial.release(reusable && server.is_reusable() && request_done && !upgrade);
}

} // namespace troupe::net
