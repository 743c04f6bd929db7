// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "admin/http_server.hpp"
#include "core/time.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe::admin {

/// One connection of the admin server: read a request, have it answered, write
/// the response, again; or pieces of a stream until somebody ends it. Owned by
/// its server; pending operations keep it alive.
class http_session : public std::enable_shared_from_this<http_session> {
public:
  using socket = boost::asio::generic::stream_protocol::socket;
  /// Called once when the session has closed by itself.
  using ended_callback = std::function<void(http_session&)>;

  http_session(socket peer, const http_limits& limits,
               std::shared_ptr<const request_handler> handler,
               ended_callback ended);

  void start();

  /// Lets a request under way be answered, then closes.
  void stop();

  /// Closes at once and calls nobody any more.
  void abandon();

  /// Between two requests.
  bool idle() const noexcept { return phase_ == phase::idle; }
  time_point idle_since() const noexcept { return idle_since_; }

  /// The handler's answer; ignored when none is awaited.
  void answer(response x);

private:
  enum class phase {
    idle,
    reading,
    answering,
    writing,
    streaming,
    lingering,
    closed
  };
  using error_code = boost::system::error_code;
  using parser =
    boost::beast::http::request_parser<boost::beast::http::string_body>;
  using message = boost::beast::http::response<boost::beast::http::string_body>;

  bool closed() const noexcept { return phase_ == phase::closed; }
  void identify_peer();
  void await_request();
  void read_head();
  void on_head(const error_code& ec);
  void send_continue();
  void read_body();
  void on_request(const error_code& ec);
  void on_bad_read(const error_code& ec);
  void dispatch();
  void refuse(unsigned status, std::string_view text);
  void write(response x);
  void on_written(const error_code& ec);
  void begin_stream();
  void watch_peer();
  void continue_stream();
  void write_piece(std::string piece);
  void linger();
  void discard();
  void arm(milliseconds timeout);
  void on_deadline();
  void close();

  socket socket_;
  const http_limits limits_;
  std::shared_ptr<const request_handler> handler_;
  ended_callback ended_;
  boost::asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  std::optional<parser> parser_;
  std::optional<message> message_;
  std::shared_ptr<body_stream> stream_;
  std::string piece_; ///< of the stream, on its way
  std::string peer_;
  bool local_ = false;
  phase phase_ = phase::idle;
  time_point idle_since_ = clock::now();
  bool first_ = true; ///< no request was read yet
  bool timed_out_ = false;
  bool stopping_ = false;
  bool refused_ = false; ///< bytes of the peer may be unread
  std::array<char, 4096> discarded_;
};

} // namespace troupe::admin
