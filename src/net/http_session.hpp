// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/gather_list.hpp"
#include "net/http_exchange.hpp"
#include "net/session.hpp"
#include "net/tunnel.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe::net {

/// One HTTP/1.1 client connection: requests one after the other, each to the
/// server that its frontend picks. The code follows a request:
///   http_session.cpp    phases, timeouts, the end
///   http_request.cpp    head from the client, body to the server
///   http_route.cpp      which of the frontend's routes it takes
///   http_response.cpp   head and body from the server to the client
///   http_accounting.cpp counters and the access log
class http_session final : public session, private half_head {
public:
  explicit http_session(session_start start);
  ~http_session() override;

  void progress() override;
  void on_timer() override;
  std::optional<idle_client> take_idle() override;
  void drain() override;
  void cut(reason why) override;
  void lose_server(reason why) override;
  client_wait waits() const noexcept override;
  bool client_is_silent() const noexcept override;
  void give_up(reason why) override;

  session_phase phase() const noexcept override { return phase_; }
  const endpoint& peer() const noexcept override { return peer_; }
  const endpoint& client() const noexcept override;
  uint64_t requests() const noexcept override { return requests_; }
  std::string_view server() const noexcept override;
  const server_connection* upstream() const noexcept override;

private:
  // -- http_session.cpp
  /// Does one thing that can be done now. @returns false when nothing can.
  bool step(turn_budget& budget);
  bool step_queued();
  bool step_connecting();
  bool step_exchange(turn_budget& budget);
  bool step_tunnel(turn_budget& budget);
  bool step_closing(turn_budget& budget);
  void on_dialed(dialer::outcome outcome);
  /// The server failed before its response was complete.
  /// @param by_itself False: it was taken away.
  void server_failed(reason why, bool by_itself = true);
  void server_timed_out();
  /// The server sent no valid response, or too much.
  void refuse_response(bool evidence);
  /// Whether the peer that does not take all it is sent takes some: a slow
  /// reader leaves the kernel's queue long before its socket has room.
  bool peers_take() noexcept;
  /// Whether nothing can continue without the client.
  bool client_stalls() const noexcept;
  bool may_send_again() const noexcept;
  void count_retry(counter backend_counters::*which) noexcept;
  /// Answers in the server's place, or cuts the response that has begun.
  void fail(unsigned status, std::string_view phrase, reason why);
  void fail(unsigned status, reason why);
  /// What the client is told of the connection in a reply of our own.
  void settle_keep_alive() noexcept;
  void reply_itself(unsigned status, std::string_view reply, reason why);
  void cut_response(reason why);
  /// Whether the bytes alone tell the client that a response that stops here
  /// is not whole. Where only the end of the connection would say so, it has
  /// to be a reset.
  bool cut_is_visible() const noexcept;
  void drop_exchange();
  bool is_over() const noexcept { return phase_ >= session_phase::closing; }
  void finish_exchange(reason why);
  /// @param linger How long the client may be silent while what it still sends
  /// is read, so that a reset does not eat the reply on its way; 0: not at all.
  void begin_closing(milliseconds linger);
  bool lingers_too_slowly(size_t bytes);
  void start_tunnel(std::string_view from_server);
  void end();
  void arm(milliseconds timeout);
  /// For the side that the exchange waits for now.
  void arm_exchange();
  /// The time between two requests begins.
  void begin_rest();
  void arm_end_of_rest();
  void on_idle_timer();
  /// stream::flush() that gives a peer that takes some, but not all, the whole
  /// `timeout` again.
  io_status flush(stream& to, milliseconds timeout);
  const http_settings& rules() const noexcept {
    return exchange_ ? exchange_->route->plan.http
                     : frontend_->current->plan->settings.http;
  }
  milliseconds timeout_response() const noexcept;

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
  dialer::reuse reuse_for_request() const noexcept;
  void note_request(const http1::request_head& head);
  void write_head(const http1::request_head& head);
  bool within_limits(const http1::request_head& head);
  void take_body_start(std::string_view rest, size_t head_size, bool stashed);
  bool pump_request(turn_budget& budget);
  bool splice_request(turn_budget& budget);
  size_t forward_body(std::string_view bytes);
  size_t forward_chunks(std::string_view bytes);
  /// Sends the head first if it is due, then what waits, then the buffers.
  void send_to_server(std::span<iovec> buffers);
  void keep_waiting(std::span<const iovec> buffers);
  void on_send_failed(std::span<const iovec> buffers);
  void await_body();
  /// Bytes of the body came. @returns false if it was too late: the client has
  /// been told.
  bool keeps_pace(size_t bytes);
  /// Every byte of the request is with the server.
  bool request_is_out() const noexcept;
  void request_complete();

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

  // -- http_response.cpp
  bool pump_response(turn_budget& budget);
  void take_response(std::string_view bytes);
  void take_response_head(std::string_view bytes);
  void pass_interim(const http1::response_head& head);
  /// A 408 that the server had sent before it saw the request.
  bool is_stale(const http1::response_head& head) const noexcept;
  void begin_response(const http1::response_head& head);
  /// The head as the client gets it: `raw` itself where nothing changes.
  std::string_view client_head(const http1::response_head& head,
                               std::string_view raw);
  void relay_response(std::string_view head, std::string_view body);
  struct taken_body {
    size_t size; ///< of the bytes given
    bool whole;  ///< the body is complete
  };
  /// Adds to `out` what of `bytes` goes to the client as a body.
  /// @returns nothing if the exchange has ended over it.
  std::optional<taken_body> take_body(std::string_view bytes, gather_list& out);
  std::optional<taken_body> take_chunks(std::string_view bytes,
                                        gather_list& out);
  void send_to_client(std::span<iovec> buffers);
  bool splice_response(turn_budget& budget);
  void server_finished();
  void response_complete(bool clean);

  // -- http_accounting.cpp
  void account(reason why);
  void write_log(reason why);

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
  bool evicted_ = false;   ///< in phase `head`: no buffer for more of it
  bool dial_hold_ = false; ///< the head waits for the body at hand
  bool draining_ = false;
};

} // namespace troupe::net
