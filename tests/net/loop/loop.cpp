// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_loop
#include "caf_test.hpp"

#include "net/loop_fixture.hpp"
#include "net/sockets.hpp"

#include <functional>
#include <sys/epoll.h>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct recorder final : loop_client {
  explicit recorder(loop& l) : event_loop(l), token(l.timers().add(*this)) {}
  ~recorder() { event_loop.timers().remove(token); }
  void on_timer() override {
    ++timers;
    fired_at = event_loop.now();
  }
  void on_ready() override {
    ++turns;
    if (then)
      then();
  }
  loop& event_loop;
  client_token token;
  int timers = 0;
  int turns = 0;
  time_point fired_at{};
  std::function<void()> then;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(loop_tests, loop_fixture)

CAF_TEST(a sleeping loop is woken by another thread) {
  std::atomic<bool> done{false};
  std::atomic<int> turns{0};
  std::thread other{[&] {
    while (turns.load() == 0)
      std::this_thread::yield();
    done = true;
    event_loop.wake();
  }};
  event_loop.run([&] {
    ++turns;
    return done ? loop::work_state::done : loop::work_state::idle;
  });
  other.join();
  CAF_CHECK(done);
}

CAF_TEST(a wake before the wait is not lost) {
  event_loop.wake();
  int turns = 0;
  event_loop.run([&] {
    if (++turns == 3)
      return loop::work_state::done;
    event_loop.wake();
    return loop::work_state::idle;
  });
  CAF_CHECK_EQUAL(turns, 3);
}

CAF_TEST(who asks for a turn gets one in the next round and no more) {
  recorder client{event_loop};
  event_loop.make_ready(client.token);
  turn();
  CAF_CHECK_EQUAL(client.turns, 1);
  turn();
  CAF_CHECK_EQUAL(client.turns, 1);
}

CAF_TEST(who asks again and again does not keep the others out) {
  recorder greedy{event_loop};
  recorder modest{event_loop};
  greedy.then = [&] { event_loop.make_ready(greedy.token); };
  event_loop.make_ready(greedy.token);
  event_loop.make_ready(modest.token);
  turn(3);
  CAF_CHECK_EQUAL(greedy.turns, 3);
  CAF_CHECK_EQUAL(modest.turns, 1);
}

CAF_TEST(who has gone before its turn is not called) {
  auto gone = std::make_unique<recorder>(event_loop);
  recorder remover{event_loop};
  remover.then = [&] { gone.reset(); };
  event_loop.make_ready(remover.token);
  event_loop.make_ready(gone->token);
  turn();
  CAF_CHECK(gone == nullptr);
  // The slot has another owner by the time of the turn.
  const auto stale = remover.token;
  event_loop.timers().remove(remover.token);
  recorder next{event_loop};
  event_loop.make_ready(stale);
  turn();
  CAF_CHECK_EQUAL(next.turns, 0);
}

CAF_TEST(a timer wakes an idle loop and is not early) {
  recorder client{event_loop};
  const auto deadline = clock::now() + 40ms;
  event_loop.timers().arm(client.token, deadline);
  event_loop.run([&] {
    return client.timers > 0 ? loop::work_state::done : loop::work_state::idle;
  });
  CAF_CHECK(client.fired_at >= deadline);
}

CAF_TEST(events timers and turns come in the same round) {
  struct sink final : io_sink {
    void on_io(uint32_t) override { ++calls; }
    int calls = 0;
  } io;
  auto pair = unix_pair();
  event_loop.poller().add(pair.a.get(), EPOLLIN | EPOLLET, io);
  recorder client{event_loop};
  event_loop.make_ready(client.token);
  CAF_REQUIRE_EQUAL(::send(pair.b.get(), "x", 1, 0), 1);
  turn();
  CAF_CHECK_EQUAL(io.calls, 1);
  CAF_CHECK_EQUAL(client.turns, 1);
}

CAF_TEST(scarce buffers are told once until they were plenty again) {
  const auto share = std::string(16'000, 'x'); // a block of 16,384
  loop_fixture small{100'000};
  recorder watcher{small.event_loop};
  small.event_loop.watch_buffers(watcher.token);
  std::vector<buffer> held(5);
  for (int i = 0; i < 4; ++i)
    held[i].append(small.event_loop.buffers(), share);
  small.turn(3);
  CAF_CHECK_EQUAL(watcher.turns, 0); // 65 %
  held[4].append(small.event_loop.buffers(), share);
  small.turn(3);
  CAF_CHECK_EQUAL(watcher.turns, 1); // 81 %
  held[4].reset();
  held[4].append(small.event_loop.buffers(), std::string(10'000, 'y'));
  small.turn(3);
  CAF_CHECK_EQUAL(watcher.turns, 1);
  held[4].reset();
  small.turn(3);
  held[4].append(small.event_loop.buffers(), share);
  small.turn(3);
  CAF_CHECK_EQUAL(watcher.turns, 2);
}

CAF_TEST(the longest turn of a second is told) {
  const auto began = clock::now();
  CAF_CHECK(run_until([&] {
    const auto busy = clock::now() + 20ms;
    while (clock::now() < busy) {
    }
    return clock::now() - began > 1100ms;
  }));
  CAF_CHECK(event_loop.stall_us().get() >= 20'000u);
}

CAF_TEST_FIXTURE_SCOPE_END()
