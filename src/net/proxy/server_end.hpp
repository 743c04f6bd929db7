// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "net/http1/chunk_scanner.hpp"
#include "net/http1/head.hpp"
#include "net/loop/buffer_pool.hpp"
#include "net/loop/turn_budget.hpp"
#include "net/transport/gather_list.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace troupe::net {

class exchange;

/// The plain facts of a server's side: reset by assignment.
struct server_end_facts {
  // -- the request, to the server
  uint64_t sent_before = 0; ///< bytes the connection had sent before
  bool held = false;        ///< the head waits for the body at hand
  bool head_sent = false;   ///< to the server at work now
  bool body_sent = false;   ///< a body byte has left for some server
  bool deaf = false; ///< it takes nothing more; its response may have come

  // -- the response, from the server
  http1::framing framing = http1::framing::none;
  uint64_t remaining = 0;
  http1::head_tail tail = http1::head_tail::none; ///< of an incomplete head
  bool keep_alive = false;  ///< the server keeps the connection
  size_t interim_bytes = 0; ///< heads of 1xx that came
};

/// The side of an exchange that answers it: HTTP/1.1 over the connection that
/// was dialled. What is sent is kept until the response begins, for a retry.
class server_end : private server_end_facts {
public:
  explicit server_end(exchange& x) noexcept : x_(x) {}

  /// Where the request's head is written, as it is sent to servers.
  buffer& head() noexcept { return head_; }

  /// What is sent waits, until send() says otherwise.
  void hold() noexcept { held = true; }
  void let_go() noexcept { held = false; }

  /// The connection that was dialled is there: what waits leaves.
  void reached();

  /// Sends the head first if it is due, then what waits, then `body`.
  void send(std::span<iovec> body);

  /// Continues with bytes that the server had no room for.
  void flush();

  /// It takes nothing more of the request; its response may have come.
  bool is_deaf() const noexcept { return deaf; }
  void give_up_sending() noexcept { deaf = true; }

  /// Whether a byte of a body has left, which cannot be sent twice.
  bool body_has_left() const noexcept { return body_sent; }
  /// Whether the connection has taken nothing of this request.
  bool is_untouched() const noexcept;
  /// Whether it has said anything but its final response.
  bool has_interim() const noexcept { return interim_bytes > 0; }

  /// Whether the connection may serve other requests behind this one.
  bool is_reusable() const noexcept { return keep_alive && !deaf; }

  /// How the body of the response ends.
  http1::framing response_framing() const noexcept { return framing; }

  /// Reads what there is of the response and sends it on. @returns whether
  /// anything happened.
  bool pump_response(turn_budget& budget);

  /// Another server is tried.
  void restart();

  void reset() noexcept;

private:
  void keep(std::span<const iovec> body);
  void on_send_failed(std::span<const iovec> body);

  void take(std::string_view bytes);
  void take_head(std::string_view bytes);
  /// @returns false if the exchange is over.
  bool pass_interim(const http1::response_head& head);
  bool is_stale(const http1::response_head& head) const noexcept;
  bool request_is_out() const noexcept;
  void begin_response(const http1::response_head& head);
  void relay(std::string_view head, std::string_view body);
  struct taken_body {
    size_t size; ///< of the bytes given
    bool whole;  ///< the body is complete
  };
  /// Adds to `out` what of `bytes` goes to the client as a body.
  /// @returns nothing if the exchange has ended over it.
  std::optional<taken_body> take_body(std::string_view bytes, gather_list& out);
  std::optional<taken_body> take_chunks(std::string_view bytes,
                                        gather_list& out);
  bool splice(turn_budget& budget);
  void finished();
  void complete(bool clean);

  exchange& x_;
  buffer head_;
  buffer waiting_;       ///< body that came before a server was reached
  buffer response_head_; ///< while it is incomplete
  http1::chunk_scanner scanner_;
};

} // namespace troupe::net
