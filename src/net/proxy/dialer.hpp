// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "core/reason.hpp"
#include "net/frontend/frontend_slot.hpp"
#include "net/proxy/worker_services.hpp"

#include <boost/container/static_vector.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace troupe::net {

/// Finds a server for one request or stream and connects to it, passing over
/// servers that refuse. Holds the snapshot it picks from, the lease on the
/// server and the connection.
class dialer {
public:
  enum class outcome : uint8_t {
    ready,   ///< connection() may be used
    pending, ///< connecting: call resume() on its events, and on_timeout()
             ///< when patience() is over
    queued,  ///< every server is full: call resume_queued() on every turn
    failed,  ///< no server; failure() says why
  };

  /// Which connections may be taken from the pool.
  enum class reuse : uint8_t {
    any,    ///< any: a retry is allowed
    proven, ///< only what is quiet at this moment
    none,   ///< a fresh connection
  };

  explicit dialer(worker_services& services) noexcept : services_(services) {}
  ~dialer() { reset(); }
  dialer(const dialer&) = delete;
  dialer& operator=(const dialer&) = delete;

  /// Takes the current snapshot of the route's backend. @returns false when
  /// there is none.
  /// @param owner Hears of the connections.
  /// @param client Gets a turn when it is out of the queue.
  bool begin(const route_slot& route, stream_owner& owner, uint64_t client_hash,
             client_token client);

  /// Picks a server and takes or opens a connection to it; a server that
  /// refuses at once is passed over.
  /// @param own The client's bound connection, if it has one, comes first and
  /// names the server.
  outcome dial(reuse pool, bound_connection& own);
  outcome dial(reuse pool);

  /// An event on the pending connection. @returns what it came to, the next
  /// server's included; that one starts again when retries() has grown.
  outcome resume();

  /// Picks again, from the newest snapshot, once it has been woken.
  outcome resume_queued();

  /// How long a pending connection may take from now on.
  milliseconds patience() const noexcept;

  /// patience() has passed on the pending connection.
  outcome on_timeout();

  /// The try at hand failed at its server, with one of `server_faults`.
  /// @param evidence It speaks against the server. A request speaks against the
  /// first server that fails it, and against none if it fails at several and no
  /// other answers: then it is the request. (Failed connects are counted as
  /// they happen and always are evidence.)
  void note_fault(reason why, bool evidence);

  /// The head of a response is there.
  /// @param well It does not speak against the server.
  void note_answer(bool well);

  /// Closes the connection, which failed in use, and avoids its server from
  /// now on.
  void discard();

  /// Done with the connection: back to the pool, to its client alone if it is
  /// bound, or closed.
  void release(bool reusable);

  /// A login counts on the connection: it serves this client only from now on,
  /// the one whose bound_connection dial() was given.
  void bind() noexcept { connection_->bound = true; }

  /// Lets go of everything, the snapshot included.
  void reset() noexcept;

  server_connection& connection() noexcept { return *connection_; }
  const server_connection& connection() const noexcept { return *connection_; }
  /// False while it is only waited for a place in a server's backlog, too.
  bool has_connection() const noexcept { return connection_ != nullptr; }
  bool is_pending() const noexcept { return pending_; }
  /// The connection has served a request before.
  bool is_reused() const noexcept { return connection_->requests > 0; }

  const backend_snapshot& snapshot() const noexcept { return *held_->snapshot; }
  bool has_snapshot() const noexcept { return held_ != nullptr; }
  backend_slot& backend() noexcept { return *backend_; }
  /// The server at work, or the last one tried; null before the first.
  server_live* server() const noexcept { return server_; }

  unsigned retries_max() const noexcept {
    return retries_max_.value_or(snapshot().retries_max);
  }
  reason failure() const noexcept { return failure_; }
  /// Tries beyond the first one.
  unsigned retries() const noexcept { return tries_ > 0 ? tries_ - 1 : 0; }
  /// Whether retries_max allows another try after the one under way.
  bool may_try_again() const noexcept { return avoid_.size() < retries_max(); }

private:
  static constexpr size_t tries_max = 16;

  bool may_dial() const noexcept;
  bool is_avoided(uint32_t index) const noexcept;
  void avoid_server() noexcept;
  outcome try_servers();
  /// @returns nothing if there is none to take.
  std::optional<outcome> try_own();
  outcome wait_in_queue();
  void take_newest_snapshot();
  void free_server();
  outcome try_idle_backups();
  outcome take_server(uint32_t index);
  void suspect() noexcept;
  void settle_suspicion(bool answered);
  outcome connect(const server_route& server);
  outcome connect_to(const endpoint& address);
  /// A dial that failed at one of the addresses of a name continues at the
  /// next.
  outcome connect_on(int error);
  outcome connect_failed(int error);
  outcome connected();

  worker_services& services_;
  stream_owner* owner_ = nullptr;
  local_ptr<backend_slot> backend_;
  policy* balance_ = nullptr;           ///< the backend's
  std::optional<unsigned> retries_max_; ///< of the route
  local_ptr<held_snapshot> held_;
  server_live* server_ = nullptr;
  uint32_t index_ = 0;
  lease lease_;
  queue_waiter waiter_;
  server_connection_ptr connection_;
  bound_connection* own_ = nullptr; ///< outlives the dial
  bool pending_ = false;
  size_t address_ = 0; ///< of the server's name: 0 is the one it goes by
  /// Set while a Unix server's backlog is full: it is tried again until then.
  std::optional<time_point> backlog_until_;
  bool out_of_resources_ = false; ///< this host: no server would help
  reuse reuse_ = reuse::none;     ///< for the servers after the first, too
  unsigned tries_ = 0;
  uint64_t client_hash_ = 0;
  reason failure_ = reason::no_healthy_backend;
  std::shared_ptr<server_live> suspect_; ///< the first that failed the request
  bool suspect_others_ = false;          ///< and not the only one
  boost::container::static_vector<uint32_t, tries_max> avoid_;
};

} // namespace troupe::net
