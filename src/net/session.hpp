// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/reason.hpp"
#include "net/access_log.hpp"
#include "net/frontend_slot.hpp"
#include "net/half_heads.hpp"
#include "net/head_changes.hpp"
#include "net/http1/head.hpp"
#include "net/stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

struct http_exchange;

/// The objects that all sessions of one worker share. They live as long as the
/// worker.
struct worker_services {
  worker_services(loop& l, unsigned i, access_log& a, uint64_t seed) noexcept;
  ~worker_services();
  worker_services(const worker_services&) = delete;
  worker_services& operator=(const worker_services&) = delete;

  loop& event_loop;
  const unsigned index;
  access_log& log;
  /// xorshift64*: for request ids, not for secrets.
  uint64_t random() noexcept {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1DULL;
  }
  uint64_t random_state;

  // Reused by every session of the worker: large, and of no use between calls.
  http1::request_head request_head;
  http1::response_head response_head;
  std::vector<char> head_out;
  std::string routing_host;
  changed_request request_changes;
  changed_values response_values;

  net::half_heads half_heads;

  std::unique_ptr<http_exchange> take_exchange();
  void give_exchange(std::unique_ptr<http_exchange> done);
  std::vector<std::unique_ptr<http_exchange>> spare_exchanges;
};

/// The phase of a connection, for listings.
enum class session_phase : uint8_t {
  idle,
  head,
  queued, ///< every server is full
  connecting,
  exchange,
  tunnel,
  closing,
  ended,
};

std::string_view to_string(session_phase x) noexcept;

/// Whether a connection costs its place without a request under way.
enum class client_wait : uint8_t {
  no,
  rest, ///< between two requests, the answer to the last one delivered
  head, ///< its request's head is not there, or not whole
};

/// The rest of a client connection that is idle between two requests: enough
/// to make another session of it.
struct idle_client {
  stream::loose_end connection;
  uint64_t requests = 0;
  time_point since; ///< when it began to rest
};

/// How long a connection rests before its session is not worth its memory.
constexpr milliseconds parks_after{1'000};

/// One client connection's journey as a plain state machine on its worker's
/// loop. The connection actor drives it and ends when it has ended.
class session {
public:
  virtual ~session() = default;

  /// After construction and after every event: does all that can be done now.
  /// May put its client on the loop's ready list when its turn is used up.
  virtual void progress() = 0;
  virtual void on_timer() = 0;
  /// Finish what is under way, then end. Idle ones end at once.
  virtual void drain() = 0;
  /// Gives the connection away if it has been idle for `parks_after`, and ends.
  /// The code that takes it closes it when its keep-alive time is over.
  virtual std::optional<idle_client> take_idle() { return std::nullopt; }
  /// End now, whatever is under way.
  virtual void cut(reason why) = 0;

  /// Its server is not to be used any more: elsewhere, or end.
  /// @pre upstream() is not null.
  virtual void lose_server(reason why) { cut(why); }

  virtual client_wait waits() const noexcept { return client_wait::no; }
  /// The client has sent nothing that was not read yet. Asks the system.
  virtual bool client_is_silent() const noexcept { return false; }
  /// End now, in favour of others. @pre waits() says more than `no`.
  virtual void give_up(reason why) { cut(why); }

  virtual session_phase phase() const noexcept = 0;
  virtual const endpoint& peer() const noexcept = 0;
  /// The client that the peer speaks for in the request under way, else it.
  virtual const endpoint& client() const noexcept { return peer(); }
  virtual uint64_t requests() const noexcept = 0;
  /// The server at work for it, or "".
  virtual std::string_view server() const noexcept = 0;
  /// Its connection to that server, or null: to find the sessions of one that
  /// was removed or has moved.
  virtual const server_connection* upstream() const noexcept = 0;

  bool ended() const noexcept { return phase() == session_phase::ended; }
};

/// The arguments of a new session.
struct session_start {
  worker_services& services;
  local_ptr<frontend_slot> frontend;
  stream_owner& owner; ///< hears of both sockets
  client_token client; ///< its identity on the loop
  int descriptor = -1; ///< accepted, non-blocking; owned by the session
  endpoint peer;
  /// Instead of a descriptor: one that has been idle.
  std::optional<idle_client> idle = std::nullopt;
};

std::unique_ptr<session> make_http_session(session_start start);
std::unique_ptr<session> make_tcp_session(session_start start);

} // namespace troupe::net
