// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

namespace troupe::net {

/// Hears of readiness on one descriptor.
class io_sink {
public:
  /// @param events EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR bits.
  virtual void on_io(uint32_t events) = 0;

protected:
  ~io_sink() = default;
};

/// Names one registration; a stale one can never reach a reused slot.
struct io_token {
  uint32_t slot = 0;
  uint32_t generation = 0;
};

/// One epoll set. Descriptors are registered once and never modified on the
/// path of a request; closing a descriptor takes it out of the set.
class poller {
public:
  static constexpr int events_max = 256;

  /// @throws std::system_error
  poller();
  ~poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  /// Adds `fd` for `events` (EPOLLET included or not, as the caller likes).
  /// @throws std::system_error when the kernel has no room.
  io_token add(int fd, uint32_t events, io_sink& sink);

  /// Forgets the registration: pending events for it are dropped. The caller
  /// closes the descriptor, or calls detach() to keep it open.
  void forget(io_token token) noexcept;

  /// From now on `sink` hears of the descriptor; no event is lost.
  void hand_over(io_token token, io_sink& sink) noexcept;

  /// The events that the last wait() brought for this registration and its sink
  /// has not been told of yet: events of one wait are known all at once,
  /// whichever sink is told first.
  uint32_t untold(io_token token) const noexcept {
    return slots_[token.slot].untold;
  }

  /// The last wait() brought all there was. More than `events_max` stay in the
  /// kernel until the next one.
  bool heard_all() const noexcept { return heard_all_; }

  /// Takes an open descriptor out of the set.
  void detach(int fd, io_token token) noexcept;

  /// Waits at most `timeout_ms` (-1: for ever) and tells the sinks.
  /// @param woken Called once after the wait and before any sink.
  template <class F>
  void wait(int timeout_ms, F&& woken) {
    const int count = collect(timeout_ms);
    woken();
    for (int i = 0; i < count; ++i)
      dispatch(i);
  }

private:
  struct slot {
    io_sink* sink = nullptr;
    uint32_t generation = 0;
    uint32_t untold = 0;
  };

  int collect(int timeout_ms);
  void dispatch(int index);

  int fd_;
  bool heard_all_ = true;
  std::vector<slot> slots_;
  std::vector<uint32_t> free_;
  struct ready_event {
    uint64_t data;
    uint32_t events;
  };
  std::vector<ready_event> ready_;
};

} // namespace troupe::net
