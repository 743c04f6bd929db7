// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/balance.hpp"
#include "core/retry_budget.hpp"
#include "core/snapshot.hpp"
#include "net/backend/server_pool.hpp"
#include "net/backend/server_queue.hpp"
#include "net/loop/local_ptr.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::net {

/// Where a worker's backends send what they learn. Outlives them.
class backend_reporter {
public:
  /// `failures` in a row against one server; already limited (rule 14).
  virtual void report_failure(const std::string& backend,
                              const std::string& server, bool on_connect,
                              unsigned failures) = 0;
  /// Of the addresses of a server's name this one works and the first does not;
  /// empty: none works. Already limited.
  virtual void report_address(const std::string& backend,
                              const std::string& server,
                              const endpoint& address) = 0;
  /// A snapshot no request holds any more: destroyed off the data path.
  virtual void retire(const std::string& backend, snapshot_ptr snapshot) = 0;

protected:
  ~backend_reporter() = default;
};

/// A snapshot as the requests of one worker hold it.
struct held_snapshot : local_counted<held_snapshot> {
  held_snapshot(snapshot_ptr s, backend_reporter& r);
  ~held_snapshot();
  snapshot_ptr snapshot;
  backend_reporter& reporter;
};

/// One backend on one worker: the newest snapshot, the policies, idle
/// connections, the budget for retries, and the count of failures in a row.
/// Shared by the worker, its frontends and the requests under way.
class backend_slot : public local_counted<backend_slot> {
public:
  /// @param seed Of its policies: differs between workers (rule 25).
  backend_slot(std::string name, loop& l, unsigned worker,
               backend_reporter& reporter, uint64_t seed);

  const std::string& name() const noexcept { return name_; }

  /// A newer snapshot. They come from one router, so in order.
  /// @returns whether other servers or addresses are in it, not only states.
  bool adopt(snapshot_ptr snapshot);

  /// Null until the first snapshot has come.
  const local_ptr<held_snapshot>& current() const noexcept { return current_; }

  /// The configuration no longer has it: waiting requests get 503, and idle
  /// connections are closed.
  void close();
  bool is_closed() const noexcept { return closed_; }

  /// Whether the newest snapshot has that server at that address.
  bool serves(const server_live& server, const endpoint& address) const {
    return pool_.serves(server, address);
  }

  server_pool& pool() noexcept { return pool_; }
  server_queue& queue() noexcept { return queue_; }
  retry_budget& budget() noexcept { return budget_; }

  /// The policy of all routes that use this algorithm (rule 106).
  policy& balance(algorithm kind);

  server_counters& counters(const server_live& server) const noexcept;
  backend_counters* counters() const noexcept;

  /// A try at `server` failed: for the metrics. Whether that is evidence
  /// against it is note_failure()'s.
  void count_failure(server_live& server, reason why) noexcept;
  /// A connect failure, or with `on_connect` false a reset, timeout or counted
  /// 5xx. Reported once `passive.failures` came in a row on this worker, or so
  /// many connect failures on all workers (two of a server that a peer
  /// suspects); then at most once per server and 100 ms.
  void note_failure(server_live& server, bool on_connect);
  /// See backend_reporter::report_address(). At most once per server and 100
  /// ms.
  void note_address(server_live& server, const endpoint& address);
  /// It took a connection, which says nothing about its answers.
  void note_connected(server_live& server) noexcept;
  void note_success(server_live& server) noexcept;

private:
  std::string name_;
  loop& loop_;
  unsigned worker_;
  backend_reporter& reporter_;
  uint64_t seed_;
  server_pool pool_;
  server_queue queue_;
  bool closed_ = false;
  retry_budget budget_;
  local_ptr<held_snapshot> current_;
  std::map<algorithm, std::unique_ptr<policy>> policies_;
};

} // namespace troupe::net
