// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_timer_wheel
#include "caf_test.hpp"

#include "net/loop/timer_wheel.hpp"

#include <functional>
#include <memory>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct recorder final : loop_client {
  void on_timer() override {
    ++fired;
    if (then)
      then();
  }
  void on_ready() override {}
  int fired = 0;
  std::function<void()> then;
};

struct fixture {
  time_point at(milliseconds after) const { return start + after; }

  time_point start = clock::now();
  timer_wheel wheel{start};
  recorder client;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(timer_wheel_tests, fixture)

CAF_TEST(a deadline fires once and never early) {
  const auto token = wheel.add(client);
  wheel.arm(token, at(100ms));
  for (auto t = 0ms; t <= 100ms; t += 1ms)
    wheel.advance(at(t));
  CAF_CHECK_EQUAL(client.fired, 0);
  wheel.advance(at(100ms + 2 * timer_wheel::tick));
  CAF_CHECK_EQUAL(client.fired, 1);
  wheel.advance(at(60s));
  CAF_CHECK_EQUAL(client.fired, 1);
}

CAF_TEST(a deadline moved later does not fire at the old time) {
  const auto token = wheel.add(client);
  wheel.arm(token, at(50ms));
  wheel.arm(token, at(500ms));
  wheel.advance(at(499ms));
  CAF_CHECK_EQUAL(client.fired, 0);
  wheel.advance(at(540ms));
  CAF_CHECK_EQUAL(client.fired, 1);
}

CAF_TEST(a deadline moved earlier fires at the new time) {
  const auto token = wheel.add(client);
  wheel.arm(token, at(10s));
  wheel.arm(token, at(50ms));
  wheel.advance(at(90ms));
  CAF_CHECK_EQUAL(client.fired, 1);
  wheel.advance(at(20s));
  CAF_CHECK_EQUAL(client.fired, 1);
}

CAF_TEST(a removed client is not called) {
  const auto token = wheel.add(client);
  wheel.arm(token, at(50ms));
  wheel.remove(token);
  wheel.advance(at(1s));
  CAF_CHECK_EQUAL(client.fired, 0);
  CAF_CHECK(wheel.find(token) == nullptr);
  CAF_CHECK_EQUAL(wheel.timeout_ms(at(1s)), -1);
}

CAF_TEST(a stale token touches nobody who took its slot) {
  recorder next;
  const auto old = wheel.add(client);
  wheel.remove(old);
  const auto token = wheel.add(next);
  CAF_REQUIRE_EQUAL(token.slot, old.slot);
  wheel.arm(old, at(50ms));
  wheel.advance(at(100ms));
  CAF_CHECK_EQUAL(next.fired, 0);
  wheel.arm(token, at(150ms));
  wheel.remove(old);
  wheel.advance(at(200ms));
  CAF_CHECK_EQUAL(next.fired, 1);
  CAF_CHECK_EQUAL(client.fired, 0);
}

CAF_TEST(a client may remove another one that is due at the same time) {
  recorder other;
  const auto first = wheel.add(client);
  const auto second = wheel.add(other);
  wheel.arm(first, at(50ms));
  wheel.arm(second, at(50ms));
  client.then = [&] { wheel.remove(second); };
  other.then = [&] { wheel.remove(first); };
  wheel.advance(at(100ms));
  CAF_CHECK_EQUAL(client.fired + other.fired, 1);
}

CAF_TEST(a client may arm itself and new ones while it is called) {
  recorder born;
  const auto token = wheel.add(client);
  client.then = [&] {
    if (client.fired == 1) {
      wheel.arm(token, at(10ms)); // in the past: as soon as may be
      for (int n = 0; n < 100; ++n)
        wheel.arm(wheel.add(born), at(200ms));
    }
  };
  wheel.arm(token, at(50ms));
  wheel.advance(at(100ms));
  CAF_CHECK_EQUAL(client.fired, 1);
  wheel.advance(at(150ms));
  CAF_CHECK_EQUAL(client.fired, 2);
  CAF_CHECK_EQUAL(born.fired, 0);
  wheel.advance(at(250ms));
  CAF_CHECK_EQUAL(born.fired, 100);
}

CAF_TEST(deadlines beyond one round of the wheel wait for their own) {
  const auto round = timer_wheel::tick * timer_wheel::slot_count;
  const auto token = wheel.add(client);
  wheel.arm(token, at(3 * round + 50ms));
  for (auto t = 0ms; t < 3 * round; t += 100ms)
    wheel.advance(at(t));
  CAF_CHECK_EQUAL(client.fired, 0);
  wheel.advance(at(3 * round + 100ms));
  CAF_CHECK_EQUAL(client.fired, 1);
}

CAF_TEST(after a sleep of many rounds everything due fires once) {
  const auto round = timer_wheel::tick * timer_wheel::slot_count;
  std::vector<recorder> clients(500);
  for (size_t n = 0; n < clients.size(); ++n)
    wheel.arm(wheel.add(clients[n]), at(37ms * n));
  wheel.advance(at(20 * round));
  for (const auto& one : clients)
    CAF_CHECK_EQUAL(one.fired, 1);
}

CAF_TEST(the wait is short enough for the next deadline and endless without) {
  CAF_CHECK_EQUAL(wheel.timeout_ms(start), -1);
  const auto token = wheel.add(client);
  CAF_CHECK_EQUAL(wheel.timeout_ms(start), -1);
  wheel.arm(token, at(1000ms));
  const auto wait = wheel.timeout_ms(start);
  CAF_CHECK(wait >= 1000);
  CAF_CHECK(wait <= 1000 + 2 * timer_wheel::tick.count());
  CAF_CHECK_EQUAL(wheel.timeout_ms(at(5s)), 0);
  wheel.advance(at(5s));
  CAF_CHECK_EQUAL(wheel.timeout_ms(at(5s)), -1);
}

CAF_TEST(sleeping as long as the wheel says finds every deadline in time) {
  std::mt19937 random{7};
  std::vector<std::unique_ptr<recorder>> clients;
  std::vector<time_point> deadlines;
  auto now = start;
  const auto last = at(60s);
  auto late = milliseconds{0};
  for (int n = 0; n < 300; ++n) {
    const auto due = at(milliseconds{random() % 50'000});
    auto& one = clients.emplace_back(std::make_unique<recorder>());
    one->then = [&now, &late, due] {
      CAF_CHECK(now >= due);
      late = std::max(late, std::chrono::ceil<milliseconds>(now - due));
    };
    wheel.arm(wheel.add(*one), due);
  }
  while (now < last) {
    const auto wait = wheel.timeout_ms(now);
    if (wait < 0)
      break;
    now += milliseconds{std::max(wait, 1)};
    wheel.advance(now);
  }
  for (const auto& one : clients)
    CAF_CHECK_EQUAL(one->fired, 1);
  CAF_CHECK(late <= 2 * timer_wheel::tick);
}

CAF_TEST_FIXTURE_SCOPE_END()
