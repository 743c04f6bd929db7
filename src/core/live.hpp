// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/counter.hpp"
#include "core/queue_board.hpp"
#include "core/reason.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Counters that outlive snapshots and reloads: the in-flight count and the
/// totals of a server, a backend and a frontend. Snapshots point here. Each
/// per-worker block has exactly one writing thread; in-flight is shared.
namespace troupe {

/// Upper bounds in seconds of `troupe_http_request_duration_seconds`.
inline constexpr std::array<double, 14> duration_bounds{
  .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

/// Counts per bucket, not cumulative; the last one is +Inf.
struct duration_histogram {
  std::array<counter, duration_bounds.size() + 1> buckets;
  counter sum_us; ///< microseconds

  /// Counts one duration in the first bucket whose bound is not below it.
  void observe(uint64_t us) noexcept;
};

/// Requests or streams one worker sent to one server.
struct alignas(64) server_counters {
  std::array<counter, 5> requests; ///< by status class, [0] = 1xx; TCP uses [1]
  counter bytes_sent;              ///< to the server
  counter bytes_received;          ///< from the server
  counter connect_failures;
  std::array<counter, server_faults.size()> failures; ///< by fault_index()
  /// Consecutive failures of any kind as this worker saw them, reset by a
  /// success (rule 14).
  uint32_t failures_in_row = 0;
  time_point quiet_until{};           ///< this worker has just reported some
  time_point addresses_quiet_until{}; ///< ... or about its addresses
};

/// Connects to one server that failed in a row, counted for all workers: which
/// of them happens to dial says nothing about the server (rule 13). Any thread.
class connect_streak {
public:
  /// With a peer's suspicion so many are enough.
  static constexpr unsigned enough_if_suspected = 2;

  /// One more. @returns how many they are now.
  unsigned add() noexcept {
    return in_row_.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  unsigned in_row() const noexcept {
    return in_row_.load(std::memory_order_relaxed);
  }

  /// A success. Writes only if there is something to forget.
  void end() noexcept {
    if (in_row() != 0)
      in_row_.store(0, std::memory_order_relaxed);
  }

  /// Traffic of a peer fails, too.
  void suspect_until(time_point then) noexcept {
    suspected_until_.store(then.time_since_epoch().count(),
                           std::memory_order_relaxed);
  }

  /// How many are evidence now, if `usual` are without suspicion.
  unsigned enough(unsigned usual, time_point now) const noexcept {
    const auto until = suspected_until_.load(std::memory_order_relaxed);
    return now.time_since_epoch().count() < until
           ? std::min(usual, enough_if_suspected)
           : usual;
  }

private:
  std::atomic<uint32_t> in_row_{0};
  std::atomic<time_point::rep> suspected_until_{0};
};

/// Written by the control loop.
struct check_counters {
  std::array<counter, 3> results;       ///< by probe_outcome
  std::array<counter, 2> state_changes; ///< of effective health, [0] = to up
};

struct server_live {
  server_live(std::string backend_name, std::string server_name,
              unsigned workers)
    : backend(std::move(backend_name)), name(std::move(server_name)),
      by_worker(workers) {}

  const std::string backend;
  const std::string name;
  /// Requests (HTTP) or streams (TCP) under way on this node.
  alignas(64) std::atomic<uint32_t> in_flight{0};
  connect_streak failed_connects;
  alignas(64) std::vector<server_counters> by_worker;
  check_counters checks;
};

struct alignas(64) backend_counters {
  counter retries_success;
  counter retries_failure;
  counter retries_budget_exhausted;
};

struct backend_live {
  backend_live(std::string n, unsigned workers)
    : name(std::move(n)), by_worker(workers), queue(workers) {}
  const std::string name;
  std::vector<backend_counters> by_worker;
  queue_board queue;
};

struct alignas(64) client_counters {
  counter connections_open; ///< a gauge: accepted minus closed
  counter connections_total;
  counter fields_dropped; ///< of requests, for their names
  std::array<counter, reason_count> refused;
  /// Closed in favour of others, by the resource that ran out.
  std::array<counter, reason_count> evicted;
  counter waiting; ///< a gauge: those that are inactive now
  /// 1: another worker has no connection to close; this one does it for it.
  std::atomic<uint32_t> places_wanted{0};
};

/// A frontend's clients, whichever backend serves them: a reload that points
/// it elsewhere neither forgets the connected clients nor admits as many again.
struct frontend_clients {
  explicit frontend_clients(unsigned workers) : by_worker(workers) {}
  /// Open connections on this node, for `max_connections`.
  alignas(64) std::atomic<uint32_t> open{0};
  alignas(64) std::vector<client_counters> by_worker;
};

struct alignas(64) frontend_counters {
  std::array<counter, 5> requests; ///< of routes without a name
  duration_histogram duration;
};

struct alignas(64) route_counters {
  std::array<counter, 5> requests;
};

/// Of a route that has a name. The requests of the others are its frontend's.
struct route_live {
  route_live(std::string frontend_name, std::string backend_name,
             std::string route_name, unsigned workers)
    : frontend(std::move(frontend_name)), backend(std::move(backend_name)),
      name(std::move(route_name)), by_worker(workers) {}
  const std::string frontend;
  const std::string backend;
  const std::string name;
  std::vector<route_counters> by_worker;
};

/// Keyed by (frontend, backend): a reload that points a frontend elsewhere
/// starts a new series of requests.
struct frontend_live {
  /// @param known The frontend's clients, if it has some already.
  frontend_live(std::string frontend, std::string backend_name,
                unsigned workers, std::shared_ptr<frontend_clients> known = {})
    : name(std::move(frontend)), backend(std::move(backend_name)),
      clients(known ? std::move(known)
                    : std::make_shared<frontend_clients>(workers)),
      by_worker(workers) {}
  const std::string name;
  const std::string backend;
  const std::shared_ptr<frontend_clients> clients;
  std::vector<frontend_counters> by_worker;
};

/// One request's or stream's claim on a server: counts it once, uncounts it
/// exactly once, whatever ends it (rule 25).
class lease {
public:
  lease() noexcept = default;

  explicit lease(server_live& server) noexcept : server_(&server) {
    server.in_flight.fetch_add(1, std::memory_order_relaxed);
  }

  /// Takes one of the server's `limit` slots; 0 is no limit. Two workers that
  /// picked the same last slot cannot both get it (rule 30).
  /// @returns an empty lease if all are taken.
  static lease try_take(server_live& server, uint32_t limit) noexcept;

  lease(lease&& other) noexcept
    : server_(std::exchange(other.server_, nullptr)) {}

  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      release();
      server_ = std::exchange(other.server_, nullptr);
    }
    return *this;
  }

  lease(const lease&) = delete;
  lease& operator=(const lease&) = delete;
  ~lease() { release(); }

  void release() noexcept {
    // Sequentially consistent for queue_board; x86 has no cheaper one.
    if (auto* server = std::exchange(server_, nullptr))
      server->in_flight.fetch_sub(1);
  }

  explicit operator bool() const noexcept { return server_ != nullptr; }

private:
  server_live* server_ = nullptr;
};

} // namespace troupe
