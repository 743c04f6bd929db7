// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace troupe {

/// Lets another thread ask for a turn of one client of a worker's loop.
class turn_source {
public:
  /// A client that has gone in the meantime is passed over. Any thread.
  virtual void request_turn(uint64_t client) = 0;

protected:
  ~turn_source() = default;
};

/// The state that the queues of all workers for one backend share (rule 30):
/// how many wait where, and which worker a free server wakes.
///
/// A slot cannot be lost between a request that finds every server full and a
/// release that finds no request waiting: the one enters *before* it looks
/// again, the other frees *before* it looks here, both sequentially consistent.
class queue_board {
public:
  explicit queue_board(unsigned workers) : places_(workers) {}

  /// `client` of `loop` is to be given a turn when a server is free for it.
  /// The loop outlives all use of the board.
  void attach(unsigned worker, turn_source& loop, uint64_t client) noexcept;

  /// One more request waits. @returns false if `limit` are waiting already.
  bool enter(unsigned worker, uint32_t limit) noexcept;
  void leave(unsigned worker) noexcept;

  /// A server has a place again: wakes one worker that has waiters, each in
  /// turn. One load if none waits.
  void freed();

  /// How many of its requests `worker` shall try again now.
  uint32_t take_wakes(unsigned worker) noexcept;

  uint32_t waiting() const noexcept {
    return waiting_.load(std::memory_order_relaxed);
  }

private:
  struct alignas(64) place {
    std::atomic<uint32_t> waiting{0};
    std::atomic<uint32_t> wakes{0};
    std::atomic<turn_source*> loop{nullptr};
    std::atomic<uint64_t> client{0};
  };

  alignas(64) std::atomic<uint32_t> waiting_{0};
  std::atomic<uint32_t> next_{0};
  std::vector<place> places_;
};

} // namespace troupe
