// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/frontend/head_changes.hpp"
#include "net/http1/chunk_scanner.hpp"
#include "net/http1/head.hpp"
#include "net/proxy/exchange.hpp"

#include <cstdint>

namespace troupe::net {

/// The plain facts of a request as HTTP/1.1 sends it: reset by assignment.
struct http_request_facts {
  http1::framing request_framing = http1::framing::none;
  uint64_t request_remaining = 0;
  uint64_t request_body_bytes = 0;
  bool http10 = false;
  bool keep_alive = true; ///< the client wants it and nothing forbids it
};

/// An exchange as an HTTP/1.1 connection has it: everything the connection
/// needs only while it is at work. Recycled by its worker, so an idle
/// connection carries none.
struct http_exchange : exchange, http_request_facts {
  using exchange::exchange;

  /// Gives back what it holds and forgets the request.
  void recycle() {
    exchange::reset();
    static_cast<http_request_facts&>(*this) = {};
    request_scanner.reset();
    if (response_changes.is_filled)
      response_changes.clear();
  }

  http1::chunk_scanner request_scanner;
  changed_response response_changes; ///< of a route that has such
};

} // namespace troupe::net
