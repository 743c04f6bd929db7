// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// A small HTTP server on the control loop (Boost.Beast) for the admin API, the
/// metrics and the health pages. Bounded: heads of 16 KiB, bodies of 1 MiB, 10
/// s for a request, 64 connections; a peer that does not read is dropped.
namespace troupe::admin {

struct request {
  std::string method;
  std::string path;  ///< decoded, without the query
  std::string query; ///< as received
  std::string body;
  std::string authorization; ///< value of the field
  std::string accept;
  std::string peer;   ///< "uid 1000" on a Unix socket, else the address
  bool local = false; ///< came over a Unix socket
};

struct response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// Answers exactly once, now or later, on the control loop.
using responder = std::function<void(response)>;
using request_handler = std::function<void(const request&, responder)>;

class http_server {
public:
  virtual ~http_server() = default; ///< closes everything
  /// The address really bound (port 0 resolved).
  virtual endpoint local_endpoint() const = 0;
  /// Stops accepting; replies under way may finish.
  virtual void stop() = 0;
};

/// Binds and listens at once. A Unix path gets mode 0660; a stale one is
/// removed only if connecting to it is refused.
/// @throws boost::system::system_error with the address in its text.
std::unique_ptr<http_server> listen(boost::asio::io_context& loop,
                                    const endpoint& address,
                                    request_handler handler);

} // namespace troupe::admin
