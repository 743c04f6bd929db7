// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/descriptor_budget.hpp"
#include "core/queue_board.hpp"
#include "net/loop/buffer_pool.hpp"
#include "net/loop/pipe_cache.hpp"
#include "net/loop/poller.hpp"
#include "net/loop/quota.hpp"
#include "net/loop/timer_wheel.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace troupe::net {

/// One worker thread's loop: poller, timer wheel, ready list, scratch, buffers
/// and pipes. Everything but wake() and stop() belongs to the loop's thread.
///
/// One turn = one wait for at most 256 events, the ready list once, the timers
/// that are due, then a round of actor work (rule 22). See decision 0001 for
/// why this is not an io_context.
class loop final : public turn_source, private io_sink {
public:
  static constexpr size_t scratch_bytes = 65'536;

  /// @param buffers_max Bytes this loop may hold in buffers.
  /// @param share Descriptors it may keep for later use.
  explicit loop(uint64_t buffers_max, descriptor_share share = {});
  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// Runs turns on the calling thread until `work` returns `done`.
  /// @param work Called once a turn, e.g. to run actors.
  enum class work_state : uint8_t { idle, more, done };
  void run(const std::function<work_state()>& work);

  /// Makes the loop take a turn soon. Any thread.
  void wake() noexcept;

  /// Counts the turns.
  uint64_t turn() const noexcept { return turn_; }

  /// Monotonic time at the start of this turn: one clock read a turn.
  time_point now() const noexcept { return now_; }

  net::poller& poller() noexcept { return poller_; }
  timer_wheel& timers() noexcept { return timers_; }
  buffer_pool& buffers() noexcept { return buffers_; }
  pipe_cache& pipes() noexcept { return pipes_; }
  /// Gives `client` an on_ready() each time buffers come to hold 80 % of their
  /// bound, having been below 70 %.
  void watch_buffers(client_token client) noexcept { buffer_watcher_ = client; }
  /// Connections that wait for their next use.
  quota& idle_connections() noexcept { return idle_connections_; }

  /// Gives `client` an on_ready() in the next turn.
  void make_ready(client_token client) { ready_.push_back(client); }

  /// make_ready() for other threads; see to_number().
  void request_turn(uint64_t client) override;

  /// Where reads go. No span into it outlives the callback that received it.
  char* scratch() noexcept;
  /// asan builds: no code may look at the scratch buffer until the next read.
  void poison_scratch() noexcept;

  /// The longest turn of the last whole second, in microseconds. Any thread.
  const counter& stall_us() const noexcept { return stall_us_; }

private:
  void on_io(uint32_t events) override;
  void run_ready();
  void take_requested();
  void note_buffers();
  void note_turn(time_point end) noexcept;

  net::poller poller_;
  time_point now_;
  timer_wheel timers_;
  buffer_pool buffers_;
  std::optional<client_token> buffer_watcher_;
  bool buffers_scarce_ = false;
  pipe_cache pipes_;
  quota idle_connections_;
  std::unique_ptr<char[]> scratch_;
  std::vector<client_token> ready_;
  std::vector<client_token> running_;
  std::mutex requested_mutex_;
  std::vector<uint64_t> requested_; ///< by other threads
  std::atomic<bool> has_requested_{false};
  int wake_fd_;
  uint64_t turn_ = 0;
  std::atomic<bool> woken_{false};
  counter stall_us_;
  uint64_t longest_us_ = 0;
  time_point second_began_;
};

} // namespace troupe::net
