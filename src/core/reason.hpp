// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe {

/// Why a request or stream ended as it did. One closed set for the access log,
/// `troupe_refused_total{reason}` and `why`. Append only: the order is the
/// index into counters.
enum class reason : uint8_t {
  ok,
  client_abort,       ///< the client went away before the reply was complete
  client_timeout,     ///< slow head, slow body, or a reader that stalls
  bad_request,        ///< 400
  header_too_large,   ///< 431
  target_too_long,    ///< 414
  body_too_large,     ///< 413
  unsupported,        ///< 501 and 505
  no_healthy_backend, ///< NoHealthyBackends: no usable server
  connect_failed,     ///< every try was refused or unreachable
  connect_timeout,    ///< every try ran into timeout_connect
  server_reset,       ///< ended before a complete response
  server_timeout,     ///< timeout_response, or a body that stalls
  bad_response,       ///< malformed response
  retry_budget,       ///< the budget for retries was empty
  local_resource,     ///< this host had no descriptor, port or memory left
  memory,             ///< global.buffers_max reached
  frontend_limit,     ///< frontends.max_connections reached
  drained,            ///< ended by drain_timeout of a reload
  killed_by_admin,    ///< closed on an operator's command
  shutdown,           ///< ended by drain_timeout of a stop
  internal,           ///< a bug: the exception is in the log
  queue_full,         ///< every server full, and queue.size requests wait
  queue_timeout,      ///< waited queue.timeout for a server with a place
  server_down,        ///< its server went down, by on_down or on_up
  loop_detected,      ///< 508: it came back to troupe too often
  no_route,           ///< 404: no route matches, and there is no backend
  ambiguous_path,     ///< 400: its path reads in two ways that part
};

inline constexpr size_t reason_count = 28;

/// How a try at a server can fail.
inline constexpr std::array server_faults{
  reason::connect_failed, reason::connect_timeout, reason::server_reset,
  reason::server_timeout, reason::bad_response};

/// Which of `server_faults` it is; their number if it is none.
constexpr size_t fault_index(reason x) noexcept {
  size_t index = 0;
  while (index < server_faults.size() && server_faults[index] != x)
    ++index;
  return index;
}

/// The name used in logs, metrics and the API.
constexpr std::string_view to_string(reason x) noexcept {
  constexpr std::array<std::string_view, reason_count> names{
    "ok",
    "client_abort",
    "client_timeout",
    "bad_request",
    "header_too_large",
    "target_too_long",
    "body_too_large",
    "unsupported",
    "no_healthy_backend",
    "connect_failed",
    "connect_timeout",
    "server_reset",
    "server_timeout",
    "bad_response",
    "retry_budget",
    "local_resource",
    "memory",
    "frontend_limit",
    "drained",
    "killed_by_admin",
    "shutdown",
    "internal",
    "queue_full",
    "queue_timeout",
    "server_down",
    "loop_detected",
    "no_route",
    "ambiguous_path",
  };
  return names[static_cast<size_t>(x)];
}

} // namespace troupe
