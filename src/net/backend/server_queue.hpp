// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "net/loop/loop.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <memory>

namespace troupe::net {

/// One request's or stream's place in a queue; leaves it before it goes.
struct queue_waiter : boost::intrusive::list_base_hook<> {
  client_token client; ///< gets a turn when it shall try again
  bool woken = false;
};

/// The requests of one worker that wait for a server of one backend to have a
/// place (`max_connections`): first in, first out (rule 30). A server that is
/// freed anywhere on this node wakes one of them, on one worker; a new snapshot
/// wakes all. A woken request tries again in its place, and leaves when it got
/// a server.
class server_queue final : private loop_client {
public:
  server_queue(loop& l, unsigned worker);
  ~server_queue();
  server_queue(const server_queue&) = delete;
  server_queue& operator=(const server_queue&) = delete;

  /// A new snapshot has come, which may have changed anything.
  void adopt(const std::shared_ptr<backend_live>& live);

  bool empty() const noexcept { return waiters_.empty(); }

  /// @returns false if `limit` requests wait on this node already. The first
  /// one is woken at once: a place may have become free just before.
  bool enter(queue_waiter& waiter, uint32_t limit);
  /// Passes on a turn that `waiter` did not use.
  void leave(queue_waiter& waiter) noexcept;

  /// A server has a place again.
  void freed() {
    if (live_)
      live_->queue.freed();
  }

  /// Wakes the first that has not been. @returns false if all have been.
  bool wake_next();
  void wake_all();

private:
  void on_ready() override;
  void on_timer() override {}
  void wake(queue_waiter& waiter);

  loop& loop_;
  const unsigned worker_;
  client_token token_;
  std::shared_ptr<backend_live> live_;
  boost::intrusive::list<queue_waiter> waiters_; ///< oldest first
};

} // namespace troupe::net
