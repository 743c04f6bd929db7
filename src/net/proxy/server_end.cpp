// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/server_end.hpp"

#include "net/http1/connection_login.hpp"
#include "net/proxy/exchange.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::net {

namespace {

/// Bytes of 1xx responses a server may send before its final one.
constexpr size_t interim_bytes_max = 65'536;

} // namespace

void server_end::reset() noexcept {
  static_cast<server_end_facts&>(*this) = {};
  head_.reset();
  waiting_.reset();
  response_head_.reset();
  scanner_.reset();
}

void server_end::restart() {
  response_head_.reset();
  head_sent = false;
}

// -- the request, to the server

void server_end::reached() {
  sent_before = x_.server_io().bytes_sent();
  deaf = false;
  send({});
}

bool server_end::is_untouched() const noexcept {
  return !x_.dial.has_connection()
      || x_.dial.connection().io.bytes_sent() == sent_before;
}

void server_end::flush() {
  const auto timeout =
    x_.request_done ? x_.timeout_response() : x_.rules().timeout_idle;
  if (x_.flush(x_.server_io(), timeout) == io_status::failed)
    deaf = true;
}

void server_end::send(std::span<iovec> body) {
  if (held)
    return;
  if (!x_.has_reached())
    return keep(body);
  std::array<iovec, gather_list::buffers_max + 2> out;
  size_t count = 0;
  if (!head_sent)
    out[count++] = {const_cast<char*>(head_.data()), head_.size()};
  if (!waiting_.empty())
    out[count++] = {const_cast<char*>(waiting_.data()), waiting_.size()};
  for (const auto& buffer : body)
    out[count++] = buffer;
  if (deaf || count == 0)
    return;
  if (x_.server_io().send({out.data(), count}) == io_status::failed)
    return on_send_failed(body);
  body_sent |= !waiting_.empty() || !body.empty();
  head_sent = true;
  waiting_.reset();
  if (!x_.request_done)
    x_.arm(x_.rules().timeout_idle);
}

void server_end::keep(std::span<const iovec> body) {
  for (const auto& buffer : body)
    waiting_.append(
      x_.services.event_loop.buffers(),
      {static_cast<const char*>(buffer.iov_base), buffer.iov_len});
}

void server_end::on_send_failed(std::span<const iovec> body) {
  if (!is_untouched()) {
    // It took something: its answer to that may be waiting to be read.
    deaf = true;
    head_sent = true;
    body_sent |= !body.empty() || !waiting_.empty();
    return;
  }
  keep(body); // not one byte was taken: all of it goes elsewhere
  x_.server_failed(reason::server_reset);
}

bool server_end::request_is_out() const noexcept {
  return x_.request_done && head_sent && !deaf && waiting_.empty()
      && x_.up.pending() == 0 && !x_.server_io().has_unsent();
}

// -- the response, from the server

bool server_end::pump_response(turn_budget& budget) {
  auto& client = x_.client().io;
  switch (x_.flush(client, x_.rules().timeout_idle)) {
  case io_status::failed:
    x_.client().cut(reason::client_abort);
    return true;
  case io_status::would_block:
    return false;
  default:
    break;
  }
  if (x_.down.splices())
    return splice(budget);
  const auto got = x_.down.read(x_.server_io(), client);
  switch (got.status) {
  case io_status::would_block:
    return false;
  case io_status::end:
    finished();
    return true;
  case io_status::failed:
    x_.server_failed(reason::server_reset);
    return true;
  case io_status::done:
    break;
  }
  budget.spend(got.bytes.size());
  x_.bytes_from_server += got.bytes.size();
  take(got.bytes);
  return true;
}

void server_end::take(std::string_view bytes) {
  if (x_.times.first_byte == time_point{})
    x_.times.first_byte = x_.services.event_loop.now();
  if (x_.head_done) {
    x_.arm(x_.rules().timeout_idle);
    return relay({}, bytes);
  }
  if (response_head_.empty())
    return take_head(bytes);
  // What was incomplete stands on its own while it is looked at.
  auto whole = std::move(response_head_);
  whole.append(x_.services.event_loop.buffers(), bytes);
  if (http1::stays_incomplete(tail, bytes, whole.view().size(),
                              http1::response_limits)) {
    response_head_ = std::move(whole);
    return;
  }
  take_head(whole.view());
}

void server_end::take_head(std::string_view bytes) {
  auto& head = x_.services.response_head;
  for (;;) {
    switch (
      http1::parse_response(bytes, http1::response_limits, x_.is_head, head)) {
    case http1::parse_status::need_more:
      response_head_.append(x_.services.event_loop.buffers(), bytes);
      tail = head.tail;
      return;
    case http1::parse_status::bad:
      return x_.refuse_response(true);
    case http1::parse_status::done:
      break;
    }
    const bool interim = head.status < 200 && !(head.upgrade && x_.upgrade);
    // What a server says as another protocol must not be the answer to half a
    // request, nor the rest of the request be said in it.
    if (head.status == 101 && (interim || !request_is_out()))
      return x_.refuse_response(true);
    if (!interim)
      break;
    bytes.remove_prefix(head.size);
    interim_bytes += head.size;
    if (interim_bytes > interim_bytes_max)
      return x_.refuse_response(false);
    if (!pass_interim(head) || bytes.empty())
      return;
  }
  if (is_stale(head))
    return x_.server_failed(reason::server_reset, false);
  begin_response(head);
  relay(x_.client().encode(head, bytes.substr(0, head.size)),
        bytes.substr(head.size));
}

bool server_end::pass_interim(const http1::response_head& head) {
  // A sign of life, or leave to send the body: its time begins anew.
  x_.pace.stop(x_.services.event_loop.now());
  if (head.status == 100 && !body_sent)
    x_.pace = {};
  x_.arm_next();
  auto& client = x_.client();
  if (!client.takes_interim())
    return true;
  const auto text = client.encode(head, {});
  x_.bytes_sent += text.size();
  if (client.io.send(text) != io_status::failed)
    return true;
  client.cut(reason::client_abort);
  return false;
}

/// It gave up an idle connection when the request was on its way: the request
/// left whole, so this is no answer to it (RFC 9110 section 15.5.9), and it is
/// sent again as if the server had merely closed the connection.
bool server_end::is_stale(const http1::response_head& head) const noexcept {
  return head.status == 408 && x_.dial.is_reused() && x_.request_done
      && x_.may_send_again();
}

void server_end::begin_response(const http1::response_head& head) {
  x_.head_done = true;
  x_.status = head.status;
  x_.logs_in = x_.logs_in || http1::offers_login(head);
  framing = head.body;
  remaining = head.content_length;
  keep_alive = head.keep_alive;
  head_.reset(); // from here on nothing is sent again
  if (framing == http1::framing::chunked)
    scanner_.reset(x_.client().takes_chunks()
                     ? http1::chunk_scanner::output::chunked
                     : http1::chunk_scanner::output::data,
                   &x_.route->plan.rules.response);
  const bool counts_5xx = x_.dial.snapshot().passive.count_5xx;
  x_.dial.note_answer(head.status < 500 || !counts_5xx);
  x_.arm(x_.rules().timeout_idle);
}

void server_end::relay(std::string_view head, std::string_view body) {
  gather_list out;
  out.add(head);
  if (x_.status == 101) {
    if (x_.send_to_client(out.buffers()))
      x_.client().start_tunnel(body);
    return;
  }
  const auto taken = take_body(body, out);
  if (!taken || !x_.send_to_client(out.buffers()))
    return;
  if (taken->whole)
    return complete(taken->size == body.size());
  if (framing == http1::framing::length)
    x_.down.consider_splice(x_.client().io, remaining);
}

std::optional<server_end::taken_body>
server_end::take_body(std::string_view bytes, gather_list& out) {
  switch (framing) {
  case http1::framing::none:
    return taken_body{0, true};
  case http1::framing::length: {
    const auto size = std::min<uint64_t>(bytes.size(), remaining);
    remaining -= size;
    out.add(bytes.substr(0, size));
    return taken_body{size, remaining == 0};
  }
  case http1::framing::until_close:
    out.add(bytes);
    return taken_body{bytes.size(), false};
  case http1::framing::chunked:
    return take_chunks(bytes, out);
  }
  return std::nullopt;
}

std::optional<server_end::taken_body>
server_end::take_chunks(std::string_view bytes, gather_list& out) {
  taken_body result{0, false};
  while (result.size < bytes.size() && !result.whole) {
    const auto step = scanner_.scan(bytes.substr(result.size));
    const bool bad = step.status == http1::chunk_scanner::status::bad;
    if (!bad) {
      result.size += step.consumed;
      result.whole = step.status == http1::chunk_scanner::status::done;
      out.add(step.forward);
    }
    if (bad || out.full()) {
      if (!x_.send_to_client(out.buffers()))
        return std::nullopt;
      out.clear();
    }
    if (bad) {
      x_.refuse_response(false);
      return std::nullopt;
    }
  }
  return result;
}

bool server_end::splice(turn_budget& budget) {
  const auto moved = x_.down.splice(x_.server_io(), x_.client().io, remaining);
  remaining -= moved.taken;
  x_.bytes_from_server += moved.taken;
  x_.bytes_sent += moved.given;
  switch (moved.result) {
  case pump::result::source_empty:
  case pump::result::sink_full:
    return false;
  case pump::result::source_ended:
    finished();
    return true;
  case pump::result::source_failed:
    x_.server_failed(reason::server_reset);
    return true;
  case pump::result::sink_failed:
    x_.client().cut(reason::client_abort);
    return true;
  case pump::result::moved:
    break;
  }
  budget.spend(moved.given);
  x_.arm(x_.rules().timeout_idle);
  if (x_.down.pending() == 0 && remaining == 0)
    complete(true);
  return true;
}

void server_end::finished() {
  if (x_.head_done && framing == http1::framing::until_close)
    return complete(false);
  x_.server_failed(reason::server_reset);
}

void server_end::complete(bool clean) {
  // Bytes after the end: nobody asked for them, nobody gets them.
  keep_alive &= clean;
  x_.client().finish(reason::ok);
}

} // namespace troupe::net
