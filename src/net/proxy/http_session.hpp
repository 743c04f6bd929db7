// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/proxy/client_end.hpp"
#include "net/proxy/http_exchange.hpp"
#include "net/proxy/session.hpp"
#include "net/transport/tunnel.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe::net {

/// One HTTP/1.1 client connection: requests one after the other, each an
/// exchange of its own. The code follows a request:
///   http_session.cpp  phases, timeouts, the end
///   http_request.cpp  head and body from the client
///   http_route.cpp    which of the frontend's routes it takes
///   http_reply.cpp    what the client is sent, and whether it may go on
/// From there it is the exchange's (exchange.cpp) and its server's
/// (server_end.cpp).
class http_session final : public session,
                           private client_end,
                           private half_head {
public:
  explicit http_session(session_start start);
  ~http_session() override;

  void progress() override;
  void on_timer() override;
  std::optional<idle_client> take_idle() override;
  void drain() override;
  void cut(reason why) override; ///< also the client end's
  void lose_server(reason why) override;
  client_wait waits() const noexcept override;
  bool client_is_silent() const noexcept override;
  void give_up(reason why) override;

  session_phase phase() const noexcept override {
    return phase_ == session_phase::exchange ? exchange_->phase() : phase_;
  }
  const endpoint& peer() const noexcept override { return peer_; }
  const endpoint& client() const noexcept override;
  uint64_t requests() const noexcept override { return requests_; }
  std::string_view server() const noexcept override;
  const server_connection* upstream() const noexcept override;

private:
  /// How long a client may be silent before a closing connection reads no more.
  /// One that is in the middle of a body has `timeout_idle`.
  static constexpr milliseconds linger_time{2'000};

  // -- http_session.cpp
  /// Does one thing that can be done now. @returns false when nothing can.
  bool step(turn_budget& budget);
  bool step_exchange(turn_budget& budget);
  bool step_tunnel(turn_budget& budget);
  bool step_closing(turn_budget& budget);
  bool is_over() const noexcept { return phase_ >= session_phase::closing; }
  void drop_exchange();
  /// @param linger How long the client may be silent while what it still sends
  /// is read, so that a reset does not eat the reply on its way; 0: not at all.
  void begin_closing(milliseconds linger);
  bool lingers_too_slowly(size_t bytes);
  void end();
  void arm(milliseconds timeout);
  /// The time between two requests begins.
  void begin_rest();
  void arm_end_of_rest();
  void on_idle_timer();
  /// stream::flush() to the client; one that takes some, but not all, has the
  /// whole timeout again.
  io_status flush_client() {
    return client_.has_unsent() ? flush_rest() : io_status::done;
  }
  io_status flush_rest();
  const http_settings& rules() const noexcept {
    return exchange_ ? exchange_->rules()
                     : frontend_->current->plan->settings.http;
  }
  milliseconds timeout_tunnel() const noexcept {
    return frontend_->current->plan->settings.tcp.timeout_idle;
  }

  // -- http_request.cpp
  bool read_head(turn_budget& budget);
  void take_head(std::string_view bytes, bool stashed);
  http1::head_limits head_limits() const noexcept;
  void await_head(std::string_view bytes, bool stashed);
  time_point began() const noexcept override { return head_began_; }
  void evict() override;
  void relieve_buffers();
  void fail_head(unsigned status, reason why);
  void refuse_head(const http1::request_head& head);
  void open_exchange();
  void note_client(const http1::request_head& head);
  void begin_exchange(const http1::request_head& head);
  void note_request(const http1::request_head& head);
  void write_head(const http1::request_head& head);
  void take_body_start(std::string_view rest, size_t head_size, bool stashed);
  bool pump_request(turn_budget& budget);
  bool splice_request(turn_budget& budget);
  size_t forward_body(std::string_view bytes);
  size_t forward_chunks(std::string_view bytes);

  // -- http_route.cpp
  /// @returns false if the request has no route: the client has been told.
  bool choose_route(const http1::request_head& head);
  bool look_at(const http1::request_head& head);
  routing::variable_values variables(const routing::request_view& view) const;
  /// What the route changes in heads beyond constant lines, or null.
  const head_changes* changes() const noexcept;
  /// @returns false if it cannot be sent on so: the client has been told.
  bool change_request(const routing::variable_values& from);
  void change_response(http1::response_context& context);
  void answer(const answer_plan& plan, const routing::variable_values& from);
  http1::response_rules reply_rules();
  std::string error_text(unsigned status, std::string_view phrase);

  // -- http_reply.cpp
  std::string_view name() override;
  std::string_view encode(const http1::response_head& head,
                          std::string_view raw) override;
  bool takes_chunks() const noexcept override { return !exchange_->http10; }
  bool takes_interim() const noexcept override { return !exchange_->http10; }
  void finish(reason why) override;
  void refuse(unsigned status, std::string_view phrase, reason why) override;
  void cut_response(reason why) override;
  void start_tunnel(std::string_view from_server) override;
  /// Whether the client's connection goes on behind this response.
  bool may_go_on(const http1::response_head& head) const noexcept;
  /// And behind a reply of our own.
  void settle_keep_alive() noexcept;
  void reply_itself(unsigned status, std::string_view reply, reason why);
  /// Whether the bytes alone tell the client that a response that stops here
  /// is not whole. Where only the end of the connection would say so, it has
  /// to be a reset.
  bool cut_is_visible() const noexcept;

  worker_services& services_;
  local_ptr<frontend_slot> frontend_;
  const client_token client_token_;
  stream_owner& owner_;
  const endpoint peer_;
  const std::string peer_ip_;
  std::string peer_name_; ///< for the log, since its first line for this peer
  const uint64_t peer_hash_;
  stream client_;
  std::unique_ptr<http_exchange> exchange_; ///< null while idle
  std::unique_ptr<tunnel> tunnel_;
  bound_connection own_;  ///< the server connection that its login counts on
  buffer input_;          ///< a partial head, or requests that came early
  time_point head_began_; ///< of the head under way in phase `head`
  time_point rests_since_;
  uint64_t requests_ = 0; ///< begun on this connection
  body_pace linger_pace_; ///< of what comes while closing
  milliseconds linger_{0};
  session_phase phase_ = session_phase::idle;
  bool head_incomplete_ = false; ///< `input_` needs more bytes to be parsed
  http1::head_tail head_tail_ = http1::head_tail::none; ///< what it ends in
  bool evicted_ = false; ///< in phase `head`: no buffer for more of it
  bool draining_ = false;
};

} // namespace troupe::net
