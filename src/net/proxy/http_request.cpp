// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_login.hpp"
#include "net/http1/forward.hpp"
#include "net/proxy/http_refusal.hpp"
#include "net/proxy/http_session.hpp"
#include "net/proxy/request_id.hpp"
#include "net/transport/gather_list.hpp"

#include <algorithm>
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
  const auto flushed = flush_client();
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
  exchange_->fail(status, why);
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
  x.fail(refused.status, refused.phrase, refused.why);
}

void http_session::open_exchange() {
  unlink(); // from half_heads
  exchange_ = services_.take_exchange();
  exchange_->begin(*this, client_token_, frontend_->current,
                   phase_ == session_phase::head ? head_began_
                                                 : services_.event_loop.now());
  make_request_id(services_.random(), exchange_->request_id);
}

void http_session::note_client(const http1::request_head& head) {
  auto& x = *exchange_;
  x.peer_trusted = x.plan->plan->trusted.contains(peer_);
  if (x.peer_trusted)
    x.named_client = http1::forwarded_client(head, x.plan->plan->trusted);
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
  if (!choose_route(head) || !x.admit(head))
    return;
  if (head.body == http1::framing::chunked)
    x.request_scanner.reset(http1::chunk_scanner::output::chunked,
                            &x.route->plan.rules.request,
                            x.route->plan.rules.names);
  write_head(head);
  phase_ = session_phase::exchange;
  const auto hash =
    x.named_client ? stable_hash(x.named_client->ip_bytes()) : peer_hash_;
  x.server.hold(); // the head leaves together with the body at hand
  x.dial_server(owner_, hash, requests_ == 1, own_);
  if (exchange_)
    exchange_->server.let_go();
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
  auto* out = x.server.head().prepare(services_.event_loop.buffers(), room);
  uint32_t dropped = 0;
  x.server.head().commit(
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
  auto& server = x.server_io();
  if (server.has_unsent())
    x.server.flush();
  if (x.request_done || x.server.is_deaf() || server.has_unsent())
    return false;
  if (x.up.splices())
    return splice_request(budget);
  const auto got = x.up.read(client_, server);
  switch (got.status) {
  case io_status::would_block:
    x.await_body();
    return false;
  case io_status::end:
  case io_status::failed:
    cut(reason::client_abort); // half a request is no request
    return true;
  case io_status::done:
    break;
  }
  budget.spend(got.bytes.size());
  if (!x.keeps_pace(got.bytes.size()))
    return true;
  const auto used = forward_body(got.bytes);
  if (is_over())
    return true;
  input_.append(services_.event_loop.buffers(), got.bytes.substr(used));
  if (exchange_ && x.request_framing == http1::framing::length
      && !x.server.is_deaf())
    x.up.consider_splice(server, x.request_remaining);
  return true;
}

bool http_session::splice_request(turn_budget& budget) {
  auto& x = *exchange_;
  const auto moved = x.up.splice(client_, x.server_io(), x.request_remaining);
  x.request_remaining -= moved.taken;
  x.bytes_received += moved.taken;
  switch (moved.result) {
  case pump::result::source_empty:
    x.await_body();
    return false;
  case pump::result::source_ended:
  case pump::result::source_failed:
    cut(reason::client_abort);
    return true;
  case pump::result::sink_failed: // its answer to what it took may be there
    x.up.stop();
    x.server.give_up_sending();
    return true;
  case pump::result::sink_full:
  case pump::result::moved:
    break;
  }
  if (moved.taken > 0 && !x.keeps_pace(moved.taken))
    return true;
  if (moved.result == pump::result::sink_full)
    return false;
  budget.spend(moved.given);
  arm(rules().timeout_idle);
  if (x.up.pending() == 0 && x.request_remaining == 0)
    x.request_complete();
  return true;
}

size_t http_session::forward_body(std::string_view bytes) {
  auto& x = *exchange_;
  if (x.request_done) {
    x.server.send({});
    return 0;
  }
  if (x.request_framing == http1::framing::chunked)
    return forward_chunks(bytes);
  const auto count = std::min<uint64_t>(bytes.size(), x.request_remaining);
  x.request_remaining -= count;
  x.bytes_received += count;
  if (x.request_remaining == 0)
    x.request_complete();
  gather_list out;
  out.add(bytes.substr(0, count));
  x.server.send(out.buffers());
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
      x.server.send(out.buffers());
      out.clear();
      if (!exchange_)
        return used;
    }
  }
  x.bytes_received += used;
  if (status == http1::chunk_scanner::status::bad) {
    // The server must not take what it got for a whole request.
    x.dial.discard();
    x.fail(400, reason::bad_request);
    return used;
  }
  if (max > 0 && x.request_body_bytes > max) {
    x.dial.discard();
    x.fail(413, reason::body_too_large);
    return used;
  }
  if (status == http1::chunk_scanner::status::done)
    x.request_complete();
  x.server.send(out.buffers());
  return used;
}

} // namespace troupe::net
