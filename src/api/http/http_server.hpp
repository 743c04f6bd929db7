// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/http/chunked_text.hpp"
#include "core/endpoint.hpp"
#include "core/time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A small HTTP server on an Asio loop for the admin API, the metrics and the
/// health pages. It reads heads and bodies by the strict rules of net/http1,
/// and what a head can decide is decided before the body is read. Bounded:
/// heads of 16 KiB, 10 s for a request, 64 connections; a peer that does not
/// read is dropped. Connections take turns: one request, or one piece of an
/// answer, then it is the others' turn.
namespace troupe::admin {

struct request {
  std::string method; ///< HEAD comes as GET; its body is left out
  std::string path;   ///< decoded, without the query; UTF-8
  std::string query;  ///< as received
  std::string body;
  std::string host;          ///< of the head, never of a trailer; may be empty
  std::string authorization; ///< the same
  std::string accept;
  std::string if_none_match;
  std::string last_event_id;
  std::string peer;   ///< "uid 1000" on a Unix socket, else address and port
  std::string source; ///< the same without the port
  bool local = false; ///< came over a Unix socket
};

/// A body that continues until the peer leaves or the server stops.
class body_stream {
public:
  virtual ~body_stream() = default;

  /// The bytes that are new since the last call; empty if there are none.
  /// Called again only once the peer has taken all of it.
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
  /// Stands for `body` if it is set.
  std::shared_ptr<const chunked_text> text = {};
  /// The source that `text` is still to be made from, by the code that passes
  /// this on.
  std::shared_ptr<text_source> source = {};
};

/// Answers exactly once, now or later, on any thread; without effect when the
/// peer or the server is gone. One that is dropped unused answers 500.
using responder = std::function<void(response)>;
using request_handler = std::function<void(const request&, responder)>;

/// The decision on the head of a request.
struct decision {
  /// The answer, whatever the body may be: it is not read.
  std::optional<response> refusal = {};
  request_handler handle = {}; ///< otherwise gets the whole request
  uint64_t body_bytes_max = 0; ///< a longer one gets 413
  /// The client has shown its right to ask: the connection is not closed to
  /// make room for another one while it is served.
  bool trusted = false;
};

/// Decides on a request without a body. On the loop.
using head_handler = std::function<decision(const request&)>;

/// Bounds of one server; tests shorten the times.
struct http_limits {
  uint32_t header_bytes_max = 16 * 1024;
  size_t connections_max = 64; ///< beyond it see who_makes_room()
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
                                    head_handler decide,
                                    const http_limits& limits = {});

} // namespace troupe::admin
