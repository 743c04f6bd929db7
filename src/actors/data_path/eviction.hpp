// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/data_path/waiting_clients.hpp"
#include "core/live.hpp"
#include "net/loop/loop.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// Where one worker is asked by the others to give up connections.
struct eviction_inbox {
  turn_source* source = nullptr;
  uint64_t client = 0;
  counter waiting;                 ///< inactive connections of this worker
  std::atomic<uint32_t> wanted{0}; ///< 1: one of them is to go
};

/// Client connections of the whole node: no more than there are descriptors
/// for (rule 35). Shared by all workers.
struct connection_limit {
  explicit connection_limit(uint64_t m) noexcept : max(m) {}
  const uint64_t max;
  std::atomic<uint64_t> open{0};
  /// One a worker; all are there before the first of their threads starts.
  std::vector<std::unique_ptr<eviction_inbox>> inboxes;
  bool reached() const noexcept {
    return open.load(std::memory_order_relaxed) >= max;
  }
};

class eviction;

/// The connections of one frontend and worker that may be given up.
class evictable_group
  : public boost::intrusive::list_base_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  evictable_group(eviction& evicts, std::string frontend,
                  std::shared_ptr<frontend_clients> clients);
  evictable_group(const evictable_group&) = delete;
  evictable_group& operator=(const evictable_group&) = delete;

private:
  friend class eviction;
  const std::string frontend_;
  const std::shared_ptr<frontend_clients> clients_;
  client_counters& counters_; ///< of this worker

public:
  waiting_clients waiting;
};

/// The result of a request for a place for one more client.
enum class place : uint8_t {
  free,  ///< it is there
  soon,  ///< it will be in the next turn of this loop
  later, ///< in a moment: another worker was asked
  none,  ///< no connection could be closed
};

/// Closes inactive connections when places run out: those that
/// rest between two requests first, then those whose head is not complete, each
/// longest first as this worker sees it. One place costs a look at each
/// frontend and at the first few of its connections, however many there are.
///
/// A head has a moment to come: a client that has only just connected is not
/// sent away for the next one.
class eviction final : private net::loop_client {
public:
  eviction(net::loop& event_loop, unsigned worker, connection_limit& limit);
  ~eviction();
  eviction(const eviction&) = delete;
  eviction& operator=(const eviction&) = delete;

  /// A place on this node.
  place make_place();
  /// A place under `max_connections` of one frontend.
  place make_place(evictable_group& group);

  /// Gives up one connection of this worker, of whichever frontend.
  /// @param why The resource that runs out: `local_resource`, `memory`.
  /// @returns free, soon or none.
  place give_up_one(reason why);

private:
  friend class evictable_group;

  void on_ready() override;
  void on_timer() override {}
  eviction_inbox& next_inbox() noexcept;
  static bool ask(std::atomic<uint32_t>& wanted, eviction_inbox& inbox);
  waiting_client* longest(evictable_group& group, wait_kind kind);
  evictable_group* oldest_group(wait_kind kind);
  place give_up_one(evictable_group& group, reason why);
  place give_up(waiting_client& client, evictable_group& group, reason why);

  net::loop& loop_;
  const unsigned worker_;
  connection_limit& limit_;
  eviction_inbox& inbox_;
  const net::client_token token_;
  boost::intrusive::list<evictable_group,
                         boost::intrusive::constant_time_size<false>>
    groups_;
  size_t asked_last_;
  time_point quiet_until_{}; ///< a line in the log has just told of it
};

} // namespace troupe::actors
