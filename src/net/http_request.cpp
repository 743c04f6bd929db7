// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_login.hpp"
#include "net/http1/forward.hpp"
#include "net/http_refusal.hpp"
#include "net/http_session.hpp"
#include "net/request_id.hpp"

#include <algorithm>
#include <array>
#include <strings.h>

namespace troupe::net {

namespace {

bool is_accept(std::string_view name) noexcept {
  return name.size() == 6 && ::strncasecmp(name.data(), "accept", 6) == 0;
}

} // namespace

bool http_session::read_head(turn_budget& budget) {
  if (evicted_) {
    fail_head(503, reason::memory);
    return true;
  }
  const bool replying = client_.has_unsent();
  const auto flushed = flush(client_, rules().timeout_idle);
  if (flushed == io_status::failed || client_.hung_up()) {
    end();
    return true;
  }
  if (flushed == io_status::would_block)
    return false; // the reply before goes first
  if (replying)   // the time between requests begins now
    begin_rest();
  if (!input_.empty() && !head_incomplete_) {
    budget.spend(0);
    take_head(input_.view(), true);
    return true;
  }
  const auto got = client_.receive(read_small);
  switch (got.status) {
  case io_status::would_block:
    if (!draining_ || phase_ != session_phase::idle)
      return false;
    [[fallthrough]];
  case io_status::end:
  case io_status::failed:
    end();
    return true;
  case io_status::done:
    break;
  }
  budget.spend(got.bytes.size());
  if (input_.empty()) {
    take_head(got.bytes, false);
  } else {
    input_.append(services_.event_loop.buffers(), got.bytes);
    if (head_incomplete_
        && http1::stays_incomplete(head_tail_, got.bytes, input_.view().size(),
                                   head_limits()))
      relieve_buffers();
    else
      take_head(input_.view(), true);
  }
  return true;
}

http1::head_limits http_session::head_limits() const noexcept {
  return http1::limits_of(rules());
}

void http_session::take_head(std::string_view bytes, bool stashed) {
  auto& head = services_.request_head;
  switch (http1::parse_request(bytes, head_limits(), head)) {
  case http1::parse_status::need_more:
    head_tail_ = head.tail;
    await_head(bytes, stashed);
    return;
  case http1::parse_status::bad:
    refuse_head(head);
    return;
  case http1::parse_status::done:
    break;
  }
  head_incomplete_ = false;
  begin_exchange(head);
  if (!is_over())
    take_body_start(bytes.substr(head.size), head.size, stashed);
}

void http_session::await_head(std::string_view bytes, bool stashed) {
  auto& event_loop = services_.event_loop;
  if (!stashed)
    input_.append(event_loop.buffers(), bytes);
  head_incomplete_ = true;
  if (phase_ == session_phase::idle) {
    phase_ = session_phase::head;
    head_began_ = event_loop.now();
    services_.half_heads.add(*this);
    arm(rules().timeout_header);
  }
  relieve_buffers();
}

void http_session::relieve_buffers() {
  auto& event_loop = services_.event_loop;
  services_.half_heads.relieve(event_loop.buffers(), event_loop.now());
}

void http_session::evict() {
  input_.reset();
  evicted_ = true;
  frontend_->counters().evicted[static_cast<size_t>(reason::memory)].add();
  services_.event_loop.make_ready(client_token_);
}

void http_session::fail_head(unsigned status, reason why) {
  open_exchange();
  exchange_->keep_alive = false;
  fail(status, why);
}

void http_session::refuse_head(const http1::request_head& head) {
  const auto refused = refusal_of(head.error);
  open_exchange();
  auto& x = *exchange_;
  // What was understood before it went wrong shapes the reply and the log.
  x.is_head = head.is_head;
  if (head.size > 0) // all its fields are known
    note_client(head);
  for (const auto& field : head.all())
    if (is_accept(field.name))
      x.accept = field.value;
  if (services_.log.enabled()) {
    x.method = head.method;
    x.path.assign(head.path_prefix).append(head.path);
  }
  fail(refused.status, refused.phrase, refused.why);
}

void http_session::open_exchange() {
  unlink(); // from half_heads
  exchange_ = services_.take_exchange();
  exchange_->plan = frontend_->current;
  exchange_->route = &exchange_->plan->rest();
  exchange_->times.started =
    phase_ == session_phase::head ? head_began_ : services_.event_loop.now();
  make_request_id(services_.random(), exchange_->request_id);
}

void http_session::note_client(const http1::request_head& head) {
  auto& x = *exchange_;
  x.peer_trusted = x.plan->plan->trusted.contains(peer_);
  if (x.peer_trusted)
    x.client = http1::forwarded_client(head, x.plan->plan->trusted);
}

void http_session::begin_exchange(const http1::request_head& head) {
  ++requests_;
  open_exchange();
  auto& x = *exchange_;
  x.bytes_received = head.size;
  x.idempotent = head.idempotent;
  x.is_head = head.is_head;
  x.http10 = head.version_minor == 0;
  x.upgrade = head.upgrade;
  x.keep_alive = head.keep_alive;
  x.logs_in = http1::logs_in(head);
  x.request_framing = head.body;
  x.request_remaining = head.content_length;
  x.request_done =
    head.body == http1::framing::none
    || (head.body == http1::framing::length && head.content_length == 0);
  note_client(head);
  note_request(head);
  if (!choose_route(head) || !within_limits(head))
    return;
  if (head.body == http1::framing::chunked)
    x.request_scanner.reset(http1::chunk_scanner::output::chunked,
                            &x.route->plan.rules.request,
                            x.route->plan.rules.names);
  write_head(head);
  const auto hash = x.client ? stable_hash(x.client->ip_bytes()) : peer_hash_;
  if (!x.dial.begin(*x.route, owner_, hash, client_token_))
    return fail(503, reason::no_healthy_backend);
  x.dial.backend().budget().on_request();
  dial_hold_ = true; // the head leaves together with the body at hand
  on_dialed(x.dial.dial(reuse_for_request(), own_));
  dial_hold_ = false;
}

dialer::reuse http_session::reuse_for_request() const noexcept {
  const auto& x = *exchange_;
  if (requests_ == 1 && x.dial.snapshot().pool.reuse == pool_reuse::safe)
    return dialer::reuse::none;
  // A body that has left cannot be sent again, whatever the method. Nor is
  // there another try where none is allowed.
  const bool may_repeat =
    x.idempotent && x.request_done && x.dial.retries_max() > 0;
  return may_repeat ? dialer::reuse::any : dialer::reuse::proven;
}

void http_session::note_request(const http1::request_head& head) {
  auto& x = *exchange_;
  if (const auto id = http1::effective_request_id(head, x.request_id);
      id.data() != x.request_id.data())
    x.request_id = id;
  for (const auto& field : head.all())
    if (is_accept(field.name))
      x.accept = field.value;
  if (services_.log.enabled()) {
    x.method = head.method;
    x.path.assign(head.path_prefix).append(head.path);
    x.host = head.host;
  }
}

bool http_session::within_limits(const http1::request_head& head) {
  auto& x = *exchange_;
  if (const auto refused = refusal_of_body(head, rules().max_body_bytes)) {
    fail(refused->status, refused->why);
    return false;
  }
  relieve_buffers();
  if (services_.event_loop.buffers().pressure() == buffer_pool::level::full) {
    x.keep_alive = false;
    fail(503, reason::memory);
    return false;
  }
  return true;
}

void http_session::write_head(const http1::request_head& head) {
  auto& x = *exchange_;
  const auto& rules = x.route->plan.rules;
  http1::forward_context context;
  context.peer_ip = peer_ip_;
  context.trusted = x.peer_trusted;
  context.request_id = x.request_id;
  if (!x.route->plan.changes.empty())
    services_.request_changes.apply(context);
  const auto room = http1::request_size_max(head, rules, context);
  auto* out = x.head.prepare(services_.event_loop.buffers(), room);
  uint32_t dropped = 0;
  x.head.commit(
    http1::write_request(head, rules, context, {out, room}, &dropped));
  if (dropped > 0)
    frontend_->counters().fields_dropped.add(dropped);
}

void http_session::take_body_start(std::string_view rest, size_t head_size,
                                   bool stashed) {
  // An empty rest still sends the head that was held back for it.
  const auto used = exchange_ ? forward_body(rest) : 0;
  if (is_over())
    return;
  if (stashed)
    input_.consume(head_size + used);
  else
    input_.append(services_.event_loop.buffers(), rest.substr(used));
}

bool http_session::pump_request(turn_budget& budget) {
  auto& x = *exchange_;
  auto& server = x.dial.connection().io;
  if (flush(server, x.request_done ? timeout_response() : rules().timeout_idle)
      == io_status::failed)
    x.server_deaf = true;
  if (x.request_done || x.server_deaf || server.has_unsent())
    return false;
  if (x.request_body.splices())
    return splice_request(budget);
  const auto got = x.request_body.read(client_, server);
  switch (got.status) {
  case io_status::would_block:
    await_body();
    return false;
  case io_status::end:
  case io_status::failed:
    cut(reason::client_abort); // half a request is no request
    return true;
  case io_status::done:
    break;
  }
  budget.spend(got.bytes.size());
  if (!keeps_pace(got.bytes.size()))
    return true;
  const auto used = forward_body(got.bytes);
  if (is_over())
    return true;
  input_.append(services_.event_loop.buffers(), got.bytes.substr(used));
  if (x.request_framing == http1::framing::length && !x.server_deaf)
    x.request_body.consider_splice(server, x.request_remaining);
  return true;
}

bool http_session::splice_request(turn_budget& budget) {
  auto& x = *exchange_;
  const auto moved =
    x.request_body.splice(client_, x.dial.connection().io, x.request_remaining);
  x.request_remaining -= moved.taken;
  x.bytes_received += moved.taken;
  switch (moved.result) {
  case pump::result::source_empty:
    await_body();
    return false;
  case pump::result::source_ended:
  case pump::result::source_failed:
    cut(reason::client_abort);
    return true;
  case pump::result::sink_failed: // its answer to what it took may be there
    x.request_body.stop();
    x.server_deaf = true;
    return true;
  case pump::result::sink_full:
  case pump::result::moved:
    break;
  }
  if (moved.taken > 0 && !keeps_pace(moved.taken))
    return true;
  if (moved.result == pump::result::sink_full)
    return false;
  budget.spend(moved.given);
  arm(rules().timeout_idle);
  if (x.request_body.pending() == 0 && x.request_remaining == 0)
    request_complete();
  return true;
}

void http_session::await_body() {
  auto& x = *exchange_;
  const auto& http = rules();
  if (!x.pace.await(services_.event_loop.now())
      || http.timeout_body.count() == 0 || x.head_done)
    return;
  const auto waited = std::chrono::duration_cast<milliseconds>(x.pace.waited());
  arm(std::min(http.timeout_idle,
               std::max(http.timeout_body - waited, milliseconds{0})));
}

bool http_session::keeps_pace(size_t bytes) {
  auto& x = *exchange_;
  const auto& http = rules();
  x.pace.stop(services_.event_loop.now());
  x.pace.came(bytes, http.min_body_rate);
  // A server that answers while it reads has the body it wants.
  if (x.head_done
      || (x.pace.behind() <= slow_time(http)
          && (http.timeout_body.count() == 0
              || x.pace.waited() <= http.timeout_body)))
    return true;
  fail(408, reason::client_timeout);
  return false;
}

bool http_session::request_is_out() const noexcept {
  const auto& x = *exchange_;
  return x.request_done && x.head_sent && !x.server_deaf
      && x.body_waiting.empty() && x.request_body.pending() == 0
      && !x.dial.connection().io.has_unsent();
}

size_t http_session::forward_body(std::string_view bytes) {
  auto& x = *exchange_;
  if (x.request_done) {
    send_to_server({});
    return 0;
  }
  if (x.request_framing == http1::framing::chunked)
    return forward_chunks(bytes);
  const auto count = std::min<uint64_t>(bytes.size(), x.request_remaining);
  x.request_remaining -= count;
  x.bytes_received += count;
  if (x.request_remaining == 0)
    request_complete();
  gather_list out;
  out.add(bytes.substr(0, count));
  send_to_server(out.buffers());
  return count;
}

size_t http_session::forward_chunks(std::string_view bytes) {
  auto& x = *exchange_;
  const auto max = rules().max_body_bytes;
  gather_list out;
  size_t used = 0;
  auto status = http1::chunk_scanner::status::more;
  while (used < bytes.size() && status == http1::chunk_scanner::status::more) {
    const auto step = x.request_scanner.scan(bytes.substr(used));
    status = step.status;
    if (status == http1::chunk_scanner::status::bad)
      break;
    used += step.consumed;
    x.request_body_bytes += step.data_bytes;
    out.add(step.forward);
    if (out.full()) {
      send_to_server(out.buffers());
      out.clear();
      if (!exchange_)
        return used;
    }
  }
  x.bytes_received += used;
  if (status == http1::chunk_scanner::status::bad) {
    // The server must not take what it got for a whole request.
    x.dial.discard();
    fail(400, reason::bad_request);
    return used;
  }
  if (max > 0 && x.request_body_bytes > max) {
    x.dial.discard();
    fail(413, reason::body_too_large);
    return used;
  }
  if (status == http1::chunk_scanner::status::done)
    request_complete();
  send_to_server(out.buffers());
  return used;
}

void http_session::request_complete() {
  auto& x = *exchange_;
  x.request_done = true;
  if (phase_ == session_phase::exchange && !x.head_done)
    arm(timeout_response());
}

void http_session::send_to_server(std::span<iovec> buffers) {
  auto& x = *exchange_;
  if (dial_hold_)
    return;
  const bool reached = phase_ == session_phase::exchange;
  std::array<iovec, gather_list::buffers_max + 2> out;
  size_t count = 0;
  if (!x.head_sent)
    out[count++] = {const_cast<char*>(x.head.data()), x.head.size()};
  if (!x.body_waiting.empty())
    out[count++] = {const_cast<char*>(x.body_waiting.data()),
                    x.body_waiting.size()};
  for (const auto& buffer : buffers)
    out[count++] = buffer;
  if (!reached || x.server_deaf || count == 0) {
    if (!reached)
      keep_waiting(buffers);
    return;
  }
  auto& server = x.dial.connection().io;
  if (server.send({out.data(), count}) == io_status::failed)
    return on_send_failed(buffers);
  const bool has_body = !x.body_waiting.empty() || !buffers.empty();
  x.head_sent = true;
  x.body_sent |= has_body;
  x.body_waiting.reset();
  if (!x.request_done)
    arm(rules().timeout_idle);
}

void http_session::keep_waiting(std::span<const iovec> buffers) {
  for (const auto& buffer : buffers)
    exchange_->body_waiting.append(
      services_.event_loop.buffers(),
      {static_cast<const char*>(buffer.iov_base), buffer.iov_len});
}

void http_session::on_send_failed(std::span<const iovec> buffers) {
  auto& x = *exchange_;
  auto& server = x.dial.connection();
  if (server.io.bytes_sent() > x.sent_before) {
    // It took something: its answer to that may be waiting to be read.
    x.server_deaf = true;
    x.head_sent = true;
    x.body_sent |= !buffers.empty() || !x.body_waiting.empty();
    return;
  }
  keep_waiting(buffers); // not one byte was taken: all of it goes elsewhere
  server_failed(reason::server_reset);
}

} // namespace troupe::net
