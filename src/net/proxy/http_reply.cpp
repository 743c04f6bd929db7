// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/forward.hpp"
#include "net/proxy/http_session.hpp"

#include <algorithm>

namespace troupe::net {

std::string_view http_session::name() {
  if (peer_name_.empty())
    peer_name_ = peer_.to_string();
  return peer_name_;
}

bool http_session::may_go_on(const http1::response_head& head) const noexcept {
  const auto& x = *exchange_;
  // A body that only the end of the connection ends, or one the client has
  // not finished sending: the connection cannot go on.
  return head.body != http1::framing::until_close && x.request_done
      && !(x.http10 && head.body == http1::framing::chunked) && !draining_
      && !frontend_->draining
      && services_.event_loop.buffers().pressure()
           == buffer_pool::level::normal;
}

std::string_view http_session::encode(const http1::response_head& head,
                                      std::string_view raw) {
  auto& x = *exchange_;
  const auto& rules = x.route->plan.rules;
  const bool interim = head.status < 200;
  http1::response_context context;
  if (!interim) {
    x.keep_alive = x.keep_alive && may_go_on(head);
    context.close = !x.keep_alive;
    context.keep_alive = x.http10 && x.keep_alive;
  }
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

void http_session::finish(reason why) {
  auto& x = *exchange_;
  const bool keep = x.keep_alive && x.request_done;
  // Who was told to mend its head, or that it is too slow, sends no more.
  const bool sends_body =
    x.request_framing != http1::framing::none && why != reason::client_timeout;
  const auto linger = x.request_done ? milliseconds{0}
                    : sends_body     ? rules().timeout_idle
                                     : linger_time;
  x.close(why, true);
  drop_exchange();
  if (!keep)
    own_.end();
  if (!keep)
    return begin_closing(linger);
  phase_ = session_phase::idle;
  client_.has_unsent() ? arm(rules().timeout_idle) : begin_rest();
}

void http_session::refuse(unsigned status, std::string_view phrase,
                          reason why) {
  auto& x = *exchange_;
  settle_keep_alive();
  if (why == reason::memory)
    x.keep_alive = false;
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
  finish(why);
}

bool http_session::cut_is_visible() const noexcept {
  const auto framing = exchange_->server.response_framing();
  return framing == http1::framing::length
      || (framing == http1::framing::chunked && !exchange_->http10);
}

void http_session::cut_response(reason why) {
  const bool visible = cut_is_visible();
  exchange_->close(why, false);
  drop_exchange();
  if (visible)
    return begin_closing(milliseconds{0});
  client_.abort();
  end();
}

void http_session::start_tunnel(std::string_view from_server) {
  auto& server = exchange_->server_io();
  if (!from_server.empty())
    client_.send(from_server);
  if (!input_.empty()) {
    server.send(input_.view());
    input_.reset();
  }
  tunnel_ = std::make_unique<tunnel>(services_.event_loop, client_, server);
  phase_ = session_phase::tunnel;
  arm(timeout_tunnel());
}

} // namespace troupe::net
