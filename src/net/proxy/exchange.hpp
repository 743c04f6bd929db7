// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "net/proxy/body_pace.hpp"
#include "net/proxy/client_end.hpp"
#include "net/proxy/journey.hpp"
#include "net/proxy/server_end.hpp"
#include "net/transport/pump.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::net {

/// How far behind its pace the sender of a body may be.
inline milliseconds slow_time(const http_settings& http) noexcept {
  return std::max(http.timeout_idle, milliseconds{30'000});
}

/// The plain facts of an exchange: reset by assignment.
struct exchange_facts {
  body_pace pace; ///< of the request's body
  bool idempotent = false;
  bool is_head = false;
  bool upgrade = false;
  bool logs_in = false;      ///< to the server connection: it becomes bound
  bool peer_trusted = false; ///< it may speak for others
  bool request_done = false; ///< every byte of it has been read
  bool client_left = false;  ///< it sent its FIN before a server was reached
  bool response_started = false; ///< a byte of it has gone to the client
  bool head_done = false;        ///< the final response's head is through
  unsigned status = 0;
  uint64_t bytes_received = 0; ///< from the client
  uint64_t bytes_sent = 0;     ///< to the client
  uint64_t bytes_from_server = 0;
};

/// One request and its response, between a client's end and a server's end:
/// dialling, retries, failures, timeouts, limits and accounting happen here,
/// once, whatever the two speak (rule 103).
class exchange : public journey, public exchange_facts {
public:
  explicit exchange(worker_services& services)
    : journey(services), up(services.event_loop), down(services.event_loop),
      server(*this) {}

  /// @param since When the first byte of the request came.
  void begin(client_end& client, client_token token, local_ptr<held_plan> by,
             time_point since);

  // -- the way to a server

  /// Finds one of the route's backend.
  /// @param owner Hears of the connections.
  /// @param first Nothing was asked on the client's connection before.
  /// @param own The client's bound connection, if it has one.
  void dial_server(stream_owner& owner, uint64_t client_hash, bool first,
                   bound_connection& own);
  /// An event or a turn while there is no server yet. @returns whether
  /// anything came of it.
  bool resume_dial();
  /// The server failed before its response was complete.
  /// @param by_itself False: it was taken away.
  void server_failed(reason why, bool by_itself = true);
  bool may_send_again() const noexcept;
  /// It sent no valid response, or too much.
  void refuse_response(bool evidence);

  // -- failures: these end the exchange

  /// Answers in the server's place, or cuts the response that has begun.
  void fail(unsigned status, std::string_view phrase, reason why);
  void fail(unsigned status, reason why);

  // -- timeouts

  /// The timer that it borrows has fired.
  void on_timer();
  /// For the side that it waits for now.
  void arm_next() {
    arm(request_done && !head_done ? timeout_response() : rules().timeout_idle);
  }
  milliseconds timeout_response() const noexcept {
    return route->plan.timeout_response.value_or(
      dial.snapshot().timeout_response);
  }
  /// Bytes of the request's body are awaited from now on.
  void await_body();
  /// So many came. @returns false if that was too late: the exchange is over.
  bool keeps_pace(size_t bytes);
  /// Every byte of the request has been read.
  void request_complete();
  /// stream::flush() that gives a peer that takes some, but not all, the whole
  /// `timeout` again.
  io_status flush(stream& to, milliseconds timeout) {
    return to.has_unsent() ? flush_rest(to, timeout) : io_status::done;
  }

  // -- limits

  /// @returns false if the request may not reach a server: it is over.
  bool admit(const http1::request_head& head);
  const http_settings& rules() const noexcept { return route->plan.http; }

  // -- the way back

  /// @returns false if the client is gone: the exchange is over.
  bool send_to_client(std::span<iovec> buffers);

  // -- the end

  /// It is over: counters, the access log, the server's connection.
  /// @param reusable The client's side sees no reason against that.
  void close(reason why, bool reusable);

  /// Gives back what it holds and forgets the request; strings keep their
  /// room for the next one.
  void reset();

  client_end& client() noexcept { return *client_; }
  stream& server_io() noexcept { return dial.connection().io; }

  pump up;   ///< the request's body
  pump down; ///< the response's
  server_end server;
  /// The client that a trusted peer names (rule 110); empty: the peer itself.
  std::optional<endpoint> named_client;

  // -- for the log and for replies of our own
  std::string method;
  std::string path;
  std::string host;
  std::string accept;
  std::string request_id;

private:
  dialer::reuse reusable_connections(bool first) const noexcept;
  void on_dialed(dialer::outcome outcome);
  io_status flush_rest(stream& to, milliseconds timeout);
  void server_timed_out();
  /// Whether the peer that does not take all it is sent takes some: a slow
  /// reader leaves the kernel's queue long before its socket has room.
  bool peers_take() noexcept;
  /// Whether nothing can continue without the client.
  bool client_stalls() noexcept;
  void count_retry(counter backend_counters::*which) noexcept;
  void account(reason why);
  void write_log(reason why);

  client_end* client_ = nullptr;
};

} // namespace troupe::net
