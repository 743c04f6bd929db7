// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A small HTTP server on the control loop (Boost.Beast) for the admin API, the
/// metrics and the health pages. Bounded: heads of 16 KiB, bodies of 1 MiB, 10
/// s for a request, 64 connections; a peer that does not read is dropped.
namespace troupe::admin {

struct request {
  std::string method; ///< HEAD comes as GET; its body is left out
  std::string path;   ///< decoded, without the query
  std::string query;  ///< as received
  std::string body;
  std::string authorization; ///< value of the field
  std::string accept;
  std::string if_none_match;
  std::string last_event_id;
  std::string peer;   ///< "uid 1000" on a Unix socket, else the address
  bool local = false; ///< came over a Unix socket
};

/// A body that goes on until the peer leaves or the server stops.
class body_stream {
public:
  virtual ~body_stream() = default;

  /// What is new since the last call; empty if nothing is. Asked again only
  /// once the peer has taken all of it.
  virtual std::string next() = 0;

  /// `wake` is called, on any thread, when next() may give something. The last
  /// one counts; an empty one ends it.
  virtual void on_news(std::function<void()> wake) = 0;
};

struct response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  /// Further fields; one of a usual name stands for the usual value.
  std::vector<std::pair<std::string, std::string>> fields = {};
  /// Follows `body`, if any; the connection ends with it.
  std::shared_ptr<body_stream> stream = {};
};

/// Answers exactly once, now or later, on the control loop; without effect when
/// the peer or the server is gone. One that is dropped unused answers 500.
using responder = std::function<void(response)>;
using request_handler = std::function<void(const request&, responder)>;

/// Bounds of one server; tests shorten the times.
struct http_limits {
  uint32_t header_bytes_max = 16 * 1024;
  uint64_t body_bytes_max = 1 << 20;
  size_t connections_max = 64; ///< beyond it the longest idle one is closed
  milliseconds timeout_request{10'000};
  milliseconds timeout_keep_alive{60'000};
  milliseconds timeout_write{10'000};
  milliseconds timeout_linger{2'000};  ///< for a refused peer to stop sending
  milliseconds stream_comment{15'000}; ///< of silence in a stream, at most
};

class http_server {
public:
  virtual ~http_server() = default; ///< closes everything
  /// The address really bound (port 0 resolved).
  virtual endpoint local_endpoint() const = 0;
  /// Stops accepting; replies under way may finish.
  virtual void stop() = 0;
};

/// Binds and listens at once. A Unix path gets mode 0660; a stale one is
/// removed only if connecting to it is refused. The file is removed at the end.
/// @throws boost::system::system_error with the address in its text.
std::unique_ptr<http_server> listen(boost::asio::io_context& loop,
                                    const endpoint& address,
                                    request_handler handler,
                                    const http_limits& limits = {});

} // namespace troupe::admin
