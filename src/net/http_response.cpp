// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_login.hpp"
#include "net/http1/forward.hpp"
#include "net/http_session.hpp"

#include <algorithm>
#include <array>

namespace troupe::net {

namespace {

/// Bytes of 1xx responses a server may send before its final one.
constexpr size_t interim_bytes_max = 65'536;

} // namespace

bool http_session::pump_response(turn_budget& budget) {
  auto& x = *exchange_;
  switch (flush(client_, rules().timeout_idle)) {
  case io_status::failed:
    cut(reason::client_abort);
    return true;
  case io_status::would_block:
    return false;
  default:
    break;
  }
  if (x.response_body.splices())
    return splice_response(budget);
  const auto got = x.response_body.read(x.dial.connection().io, client_);
  switch (got.status) {
  case io_status::would_block:
    return false;
  case io_status::end:
    server_finished();
    return true;
  case io_status::failed:
    server_failed(reason::server_reset);
    return true;
  case io_status::done:
    break;
  }
  budget.spend(got.bytes.size());
  x.bytes_from_server += got.bytes.size();
  take_response(got.bytes);
  return true;
}

void http_session::take_response(std::string_view bytes) {
  auto& x = *exchange_;
  if (x.times.first_byte == time_point{})
    x.times.first_byte = services_.event_loop.now();
  if (x.head_done) {
    arm(rules().timeout_idle);
    return relay_response({}, bytes);
  }
  if (x.response_head.empty())
    return take_response_head(bytes);
  // What was incomplete stands on its own while it is looked at.
  auto whole = std::move(x.response_head);
  whole.append(services_.event_loop.buffers(), bytes);
  if (http1::stays_incomplete(x.response_tail, bytes, whole.view().size(),
                              http1::response_limits)) {
    x.response_head = std::move(whole);
    return;
  }
  take_response_head(whole.view());
}

void http_session::take_response_head(std::string_view bytes) {
  auto& x = *exchange_;
  auto& head = services_.response_head;
  for (;;) {
    switch (
      http1::parse_response(bytes, http1::response_limits, x.is_head, head)) {
    case http1::parse_status::need_more:
      x.response_head.append(services_.event_loop.buffers(), bytes);
      x.response_tail = head.tail;
      return;
    case http1::parse_status::bad:
      return refuse_response(true);
    case http1::parse_status::done:
      break;
    }
    const bool interim = head.status < 200 && !(head.upgrade && x.upgrade);
    // What a server says as another protocol must not be the answer to half a
    // request, nor the rest of the request be said in it.
    if (head.status == 101 && (interim || !request_is_out()))
      return refuse_response(true);
    if (!interim)
      break;
    bytes.remove_prefix(head.size);
    x.interim_bytes += head.size;
    if (x.interim_bytes > interim_bytes_max)
      return refuse_response(false);
    pass_interim(head);
    if (bytes.empty() || is_over())
      return;
  }
  if (is_stale(head))
    return server_failed(reason::server_reset, false);
  begin_response(head);
  relay_response(client_head(head, bytes.substr(0, head.size)),
                 bytes.substr(head.size));
}

void http_session::pass_interim(const http1::response_head& head) {
  auto& x = *exchange_;
  // A sign of life, or leave to send the body: its time begins anew.
  x.pace.stop(services_.event_loop.now());
  if (head.status == 100 && !x.body_sent)
    x.pace = {};
  arm_exchange();
  if (x.http10) // it would not know what to make of it
    return;
  const auto text = client_head(head, {});
  x.bytes_sent += text.size();
  if (client_.send(text) == io_status::failed)
    cut(reason::client_abort);
}

/// It gave up an idle connection when the request was on its way: the request
/// left whole, so this is no answer to it (RFC 9110 section 15.5.9), and it is
/// sent again as if the server had merely closed the connection.
bool http_session::is_stale(const http1::response_head& head) const noexcept {
  const auto& x = *exchange_;
  return head.status == 408 && x.dial.is_reused() && x.request_done
      && may_send_again();
}

void http_session::begin_response(const http1::response_head& head) {
  auto& x = *exchange_;
  x.head_done = true;
  x.status = head.status;
  x.logs_in = x.logs_in || http1::offers_login(head);
  x.response_framing = head.body;
  x.response_remaining = head.content_length;
  x.server_keep_alive = head.keep_alive;
  x.head.reset(); // from here on nothing is sent again
  // A body that only the end of the connection ends, or one the client has
  // not finished sending: the connection cannot go on.
  if (head.body == http1::framing::until_close || !x.request_done
      || (x.http10 && head.body == http1::framing::chunked) || draining_
      || frontend_->draining
      || services_.event_loop.buffers().pressure()
           != buffer_pool::level::normal)
    x.keep_alive = false;
  if (head.body == http1::framing::chunked)
    x.response_scanner.reset(x.http10 ? http1::chunk_scanner::output::data
                                      : http1::chunk_scanner::output::chunked,
                             &x.route->plan.rules.response);
  const bool counts_5xx = x.dial.snapshot().passive.count_5xx;
  x.dial.note_answer(head.status < 500 || !counts_5xx);
  arm(rules().timeout_idle);
}

std::string_view http_session::client_head(const http1::response_head& head,
                                           std::string_view raw) {
  auto& x = *exchange_;
  const auto& rules = x.route->plan.rules;
  http1::response_context context;
  const bool interim = head.status < 200;
  context.close = !interim && !x.keep_alive;
  context.keep_alive = !interim && x.http10 && x.keep_alive;
  context.upgrade = head.status == 101;
  context.drop_transfer_encoding = x.http10;
  const bool differs = !x.route->plan.changes.empty();
  if (differs && (!interim || context.upgrade))
    change_response(context);
  if (head.verbatim && !raw.empty() && !context.close && !context.keep_alive
      && !context.upgrade && !context.drop_transfer_encoding
      && rules.response.empty() && !differs)
    return raw;
  auto& out = services_.head_out;
  out.resize(
    std::max(out.size(), http1::response_size_max(head, rules, context)));
  return {out.data(), http1::write_response(head, rules, context, out)};
}

void http_session::relay_response(std::string_view head,
                                  std::string_view body) {
  auto& x = *exchange_;
  gather_list out;
  out.add(head);
  if (x.status == 101) {
    send_to_client(out.buffers());
    return is_over() ? void() : start_tunnel(body);
  }
  const auto taken = take_body(body, out);
  if (!taken)
    return;
  send_to_client(out.buffers());
  if (is_over())
    return;
  if (taken->whole)
    return response_complete(taken->size == body.size());
  if (x.response_framing == http1::framing::length)
    x.response_body.consider_splice(client_, x.response_remaining);
}

std::optional<http_session::taken_body>
http_session::take_body(std::string_view bytes, gather_list& out) {
  auto& x = *exchange_;
  switch (x.response_framing) {
  case http1::framing::none:
    return taken_body{0, true};
  case http1::framing::length: {
    const auto size = std::min<uint64_t>(bytes.size(), x.response_remaining);
    x.response_remaining -= size;
    out.add(bytes.substr(0, size));
    return taken_body{size, x.response_remaining == 0};
  }
  case http1::framing::until_close:
    out.add(bytes);
    return taken_body{bytes.size(), false};
  case http1::framing::chunked:
    return take_chunks(bytes, out);
  }
  return std::nullopt;
}

std::optional<http_session::taken_body>
http_session::take_chunks(std::string_view bytes, gather_list& out) {
  taken_body result{0, false};
  while (result.size < bytes.size() && !result.whole) {
    const auto step =
      exchange_->response_scanner.scan(bytes.substr(result.size));
    const bool bad = step.status == http1::chunk_scanner::status::bad;
    if (!bad) {
      result.size += step.consumed;
      result.whole = step.status == http1::chunk_scanner::status::done;
      out.add(step.forward);
    }
    if (bad || out.full()) {
      send_to_client(out.buffers());
      out.clear();
      if (is_over())
        return std::nullopt;
    }
    if (bad) {
      refuse_response(false);
      return std::nullopt;
    }
  }
  return result;
}

void http_session::send_to_client(std::span<iovec> buffers) {
  auto& x = *exchange_;
  for (const auto& buffer : buffers)
    x.bytes_sent += buffer.iov_len;
  if (!buffers.empty())
    x.response_started = true;
  if (client_.send(buffers) == io_status::failed)
    cut(reason::client_abort);
}

bool http_session::splice_response(turn_budget& budget) {
  auto& x = *exchange_;
  const auto moved = x.response_body.splice(x.dial.connection().io, client_,
                                            x.response_remaining);
  x.response_remaining -= moved.taken;
  x.bytes_from_server += moved.taken;
  x.bytes_sent += moved.given;
  switch (moved.result) {
  case pump::result::source_empty:
  case pump::result::sink_full:
    return false;
  case pump::result::source_ended:
    server_finished();
    return true;
  case pump::result::source_failed:
    server_failed(reason::server_reset);
    return true;
  case pump::result::sink_failed:
    cut(reason::client_abort);
    return true;
  case pump::result::moved:
    break;
  }
  budget.spend(moved.given);
  arm(rules().timeout_idle);
  if (x.response_body.pending() == 0 && x.response_remaining == 0)
    response_complete(true);
  return true;
}

void http_session::server_finished() {
  auto& x = *exchange_;
  if (x.head_done && x.response_framing == http1::framing::until_close)
    return response_complete(false);
  server_failed(reason::server_reset);
}

void http_session::response_complete(bool clean) {
  auto& x = *exchange_;
  // Bytes after the end: nobody asked for them, nobody gets them.
  x.server_keep_alive &= clean;
  finish_exchange(reason::ok);
}

} // namespace troupe::net
