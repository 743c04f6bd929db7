// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/body_pace.hpp"
#include "net/dialer.hpp"
#include "net/head_changes.hpp"
#include "net/http1/chunk_scanner.hpp"
#include "net/http1/head.hpp"
#include "net/journey_times.hpp"
#include "net/pump.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::net {

/// How far behind its pace the sender of a body may be.
inline milliseconds slow_time(const http_settings& http) noexcept {
  return std::max(http.timeout_idle, milliseconds{30'000});
}

/// The plain facts of an exchange: reset by assignment.
struct exchange_facts {
  journey_times times;

  // -- the request, client to server
  http1::framing request_framing = http1::framing::none;
  uint64_t request_remaining = 0;
  uint64_t request_body_bytes = 0;
  body_pace pace;
  bool idempotent = false;
  bool is_head = false;
  bool http10 = false;
  bool upgrade = false;
  bool logs_in = false;      ///< to the server connection: it becomes bound
  bool peer_trusted = false; ///< it may speak for others
  bool keep_alive = true;    ///< the client wants it and nothing forbids it
  bool request_done = false; ///< every byte of it has been read
  bool head_sent = false;    ///< to the server at work now
  bool body_sent = false;    ///< a body byte has left for some server
  bool server_deaf =
    false; ///< it takes nothing more; its response may have come
  bool client_left = false; ///< it sent its FIN before a server was reached
  uint64_t sent_before = 0; ///< bytes the connection had sent before

  // -- the response, server to client
  http1::framing response_framing = http1::framing::none;
  uint64_t response_remaining = 0;
  bool response_started = false; ///< a byte of it has gone to the client
  http1::head_tail response_tail = http1::head_tail::none; ///< of its head
  bool head_done = false; ///< the final response's head is through
  bool server_keep_alive = false;
  size_t interim_bytes = 0; ///< heads of 1xx that came
  unsigned status = 0;

  uint64_t bytes_received = 0; ///< from the client
  uint64_t bytes_sent = 0;     ///< to the client
  uint64_t bytes_from_server = 0;
};

/// One request and its response: everything a connection needs only while it
/// is at work. Recycled by its worker, so an idle connection carries none.
struct http_exchange : exchange_facts {
  explicit http_exchange(worker_services& services)
    : dial(services), request_body(services.event_loop),
      response_body(services.event_loop) {}

  /// Gives back what it holds and forgets the request; strings keep their
  /// room for the next one.
  void recycle();

  local_ptr<held_plan> plan;
  const route_slot* route = nullptr; ///< one of the plan's
  /// The client that a trusted peer names (rule 110); empty: the peer itself.
  std::optional<endpoint> client;
  dialer dial;
  pump request_body;
  pump response_body;
  http1::chunk_scanner request_scanner;
  http1::chunk_scanner response_scanner;
  buffer head;          ///< as sent to servers, kept for another try
  buffer body_waiting;  ///< body that came before a server was reached
  buffer response_head; ///< while it is incomplete
  changed_response response_changes; ///< of a route that has such

  // -- for the log and for replies of our own
  std::string method;
  std::string path;
  std::string host;
  std::string accept;
  std::string request_id;
};

} // namespace troupe::net
