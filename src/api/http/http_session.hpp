// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/http/http_server.hpp"
#include "api/http/places.hpp"
#include "api/http/request_reader.hpp"
#include "core/time.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace troupe::admin {

/// The objects that the sessions of a server share: all run on one thread, and
/// none needs the scratch memory beyond one call.
struct session_parts {
  session_parts(const http_limits& x, head_handler y)
    : limits(x), decide(std::move(y)) {}

  const http_limits limits;
  const head_handler decide;
  net::http1::request_head head;
  /// The limit for one read: a turn is short.
  std::array<char, size_t{16} * 1024> received;
};

/// One connection of the admin server: read a request, have it answered, write
/// the response, again; or pieces of a stream until it is ended. Owned by
/// its server; pending operations keep it alive.
class http_session : public std::enable_shared_from_this<http_session> {
public:
  using socket = boost::asio::generic::stream_protocol::socket;
  /// Called once when the session has closed by itself.
  using ended_callback = std::function<void(http_session&)>;

  http_session(socket peer, std::shared_ptr<session_parts> parts,
               ended_callback ended);

  void start();

  /// Lets a request under way be answered, then closes.
  void stop();

  /// Closes at once; no callback is called any more.
  void abandon();

  void close();

  /// Its state, for who_makes_room().
  place standing() const;

  socket::executor_type executor() { return socket_.get_executor(); }

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
  using progress = request_reader::progress;

  bool closed() const noexcept { return phase_ == phase::closed; }
  void enter(phase x);
  void identify_peer();
  void await_request();
  void await_bytes();
  void on_bytes();
  void advance();
  void decide();
  void send_continue();
  void read_body();
  void dispatch();
  void refuse(unsigned status, std::string_view text);
  void write(response x);
  void on_written(const error_code& ec);
  void write_text();
  void begin_stream();
  void watch_peer();
  void continue_stream();
  void write_piece(std::string piece);
  void linger();
  void discard();
  void arm(milliseconds timeout);
  void on_deadline();

  socket socket_;
  const std::shared_ptr<session_parts> parts_;
  ended_callback ended_;
  boost::asio::steady_timer deadline_;
  request_reader reader_;
  bool in_body_ = false; ///< while reading: the head was taken
  decision decision_;
  std::string head_;  ///< of the response
  std::string piece_; ///< its body, or the piece of the stream on its way
  std::shared_ptr<const chunked_text> text_;
  chunked_text::piece_ptr text_piece_; ///< on its way
  size_t text_pieces_ = 0;             ///< that were begun
  std::shared_ptr<body_stream> stream_;
  std::string peer_;
  std::string source_;
  bool local_ = false;
  phase phase_ = phase::idle;
  time_point since_ = clock::now(); ///< in this phase
  bool first_ = true;               ///< no request was read yet
  bool again_ = false;              ///< another request may follow
  bool stopping_ = false;
  bool refused_ = false; ///< bytes of the peer may be unread
};

} // namespace troupe::admin
