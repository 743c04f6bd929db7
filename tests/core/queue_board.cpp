// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_queue_board

#include "caf_test.hpp"

#include "core/live.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace troupe;

namespace {

/// A worker's loop, as far as a board knows it: counts the turns asked for.
class loop_stub final : public turn_source {
public:
  void request_turn(uint64_t client) override {
    std::lock_guard guard{mutex_};
    client_ = client;
    ++turns_;
    changed_.notify_one();
  }

  /// Waits for a turn and takes it. @returns false after ten seconds.
  bool take_turn() {
    std::unique_lock lock{mutex_};
    const auto came = changed_.wait_for(lock, std::chrono::seconds{10},
                                        [this] { return turns_ > 0; });
    turns_ -= came;
    return came;
  }

  unsigned turns() {
    std::lock_guard guard{mutex_};
    return turns_;
  }

  uint64_t client() {
    std::lock_guard guard{mutex_};
    return client_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned turns_ = 0;
  uint64_t client_ = 0;
};

} // namespace

CAF_TEST(nobody is woken while nobody waits) {
  queue_board board{2};
  loop_stub loop;
  board.attach(0, loop, 7);
  board.freed();
  CAF_CHECK_EQUAL(loop.turns(), 0u);
}

CAF_TEST(a place that becomes free wakes one worker and each in turn) {
  queue_board board{3};
  std::array<loop_stub, 3> loops;
  for (unsigned n = 0; n < 3; ++n)
    board.attach(n, loops[n], n + 10);
  for (unsigned n : {0u, 2u, 0u, 2u})
    CAF_CHECK(board.enter(n, 100));
  for (int n = 0; n < 4; ++n)
    board.freed();
  CAF_CHECK_EQUAL(loops[0].turns(), 1u); // asked once, for two wakes
  CAF_CHECK_EQUAL(loops[1].turns(), 0u);
  CAF_CHECK_EQUAL(loops[2].turns(), 1u);
  CAF_CHECK_EQUAL(loops[2].client(), 12u);
  CAF_CHECK_EQUAL(board.take_wakes(0), 2u);
  CAF_CHECK_EQUAL(board.take_wakes(2), 2u);
  board.freed(); // all of them have been woken and are on their way
  CAF_CHECK_EQUAL(board.waiting(), 4u);
}

CAF_TEST(no more enter than the limit allows) {
  queue_board board{2};
  CAF_CHECK(board.enter(0, 2));
  CAF_CHECK(board.enter(1, 2));
  CAF_CHECK(!board.enter(0, 2));
  CAF_CHECK(!board.enter(0, 0));
  board.leave(1);
  CAF_CHECK(board.enter(0, 2));
  CAF_CHECK_EQUAL(board.waiting(), 2u);
}

CAF_TEST(no place is lost between threads) {
  constexpr unsigned workers = 4;
  constexpr unsigned requests = 3'000;
  server_live server{"app", "a1", workers};
  queue_board board{workers};
  std::array<loop_stub, workers> loops;
  std::array<unsigned, workers> served{};
  auto work = [&](unsigned worker) {
    for (unsigned n = 0; n < requests; ++n) {
      auto mine = lease::try_take(server, 1);
      if (!mine) {
        board.enter(worker, workers);
        while (!(mine = lease::try_take(server, 1))) {
          if (!loops[worker].take_turn())
            return; // lost
          board.take_wakes(worker);
        }
        board.leave(worker);
      }
      ++served[worker];
      mine.release();
      board.freed();
    }
  };
  for (unsigned n = 0; n < workers; ++n)
    board.attach(n, loops[n], n);
  std::vector<std::thread> threads;
  for (unsigned n = 0; n < workers; ++n)
    threads.emplace_back(work, n);
  for (auto& thread : threads)
    thread.join();
  for (const auto count : served)
    CAF_CHECK_EQUAL(count, requests);
  CAF_CHECK_EQUAL(board.waiting(), 0u);
  CAF_CHECK_EQUAL(server.in_flight.load(), 0u);
}
