// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_poller
#include "caf_test.hpp"

#include "net/loop/poller.hpp"
#include "net/sockets.hpp"

#include <functional>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace troupe::net;

namespace {

constexpr uint32_t edge = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

struct recorder final : io_sink {
  void on_io(uint32_t events) override {
    ++calls;
    seen |= events;
    if (then)
      then();
  }
  int calls = 0;
  uint32_t seen = 0;
  std::function<void()> then;
};

void write_byte(const descriptor& to) {
  CAF_REQUIRE_EQUAL(::send(to.get(), "x", 1, 0), 1);
}

struct fixture {
  void poll() {
    events.wait(0, [] {});
  }
  poller events;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(poller_tests, fixture)

CAF_TEST(what a wait brought is known before the first sink hears of it) {
  auto first = unix_pair();
  auto second = unix_pair();
  recorder a;
  recorder b;
  uint32_t of_b = 0;
  events.add(first.a.get(), EPOLLIN, a);
  const auto token = events.add(second.a.get(), EPOLLIN | EPOLLET, b);
  a.then = [&] { of_b = events.untold(token); };
  write_byte(first.b);
  write_byte(second.b);
  CAF_CHECK_EQUAL(events.untold(token), 0u);
  poll();
  CAF_CHECK_EQUAL(a.calls, 1);
  CAF_CHECK(b.calls == 1 && (of_b & EPOLLIN) != 0);
  CAF_CHECK_EQUAL(events.untold(token), 0u);
  CAF_CHECK(events.heard_all());
}

CAF_TEST(a wait that brought as much as it may says that there can be more) {
  auto pair = unix_pair();
  recorder one;
  std::vector<descriptor> copies;
  for (int n = 0; n < poller::events_max; ++n) {
    copies.emplace_back(::dup(pair.a.get()));
    CAF_REQUIRE(copies.back().get() >= 0);
    events.add(copies.back().get(), EPOLLIN | EPOLLET, one);
  }
  write_byte(pair.b);
  poll();
  CAF_CHECK_EQUAL(one.calls, poller::events_max);
  CAF_CHECK(!events.heard_all());
  poll();
  CAF_CHECK(events.heard_all());
}

CAF_TEST(readiness reaches the sink it belongs to) {
  auto first = unix_pair();
  auto second = unix_pair();
  recorder a;
  recorder b;
  events.add(first.a.get(), EPOLLIN, a);
  events.add(second.a.get(), EPOLLIN, b);
  write_byte(second.b);
  poll();
  CAF_CHECK_EQUAL(a.calls, 0);
  CAF_CHECK_EQUAL(b.calls, 1);
  CAF_CHECK((b.seen & EPOLLIN) != 0);
}

CAF_TEST(an edge is told once) {
  auto pair = unix_pair();
  recorder a;
  events.add(pair.a.get(), edge, a);
  write_byte(pair.b);
  poll();
  poll();
  CAF_CHECK_EQUAL(a.calls, 1);
  write_byte(pair.b);
  poll();
  CAF_CHECK_EQUAL(a.calls, 2);
}

CAF_TEST(an event for a slot that was reused meanwhile reaches nobody) {
  // Both are ready in one wait; who comes first takes the other one out and
  // puts a third one, which is not ready, in its slot.
  auto first = unix_pair();
  auto second = unix_pair();
  auto third = unix_pair();
  recorder a;
  recorder b;
  recorder c;
  const auto token_a = events.add(first.a.get(), EPOLLIN | EPOLLET, a);
  const auto token_b = events.add(second.a.get(), EPOLLIN | EPOLLET, b);
  a.then = [&] {
    events.detach(second.a.get(), token_b);
    CAF_CHECK_EQUAL(events.add(third.a.get(), EPOLLIN, c).slot, token_b.slot);
  };
  b.then = [&] {
    events.detach(first.a.get(), token_a);
    CAF_CHECK_EQUAL(events.add(third.a.get(), EPOLLIN, c).slot, token_a.slot);
  };
  write_byte(first.b);
  write_byte(second.b);
  poll();
  CAF_CHECK_EQUAL(a.calls + b.calls, 1);
  CAF_CHECK_EQUAL(c.calls, 0);
  write_byte(third.b);
  poll();
  CAF_CHECK_EQUAL(c.calls, 1);
}

CAF_TEST(a sink may be forgotten by its own event) {
  auto pair = unix_pair();
  recorder a;
  const auto token = events.add(pair.a.get(), EPOLLIN, a);
  a.then = [&] {
    events.forget(token);
    pair.a.close();
  };
  write_byte(pair.b);
  poll();
  poll();
  CAF_CHECK_EQUAL(a.calls, 1);
}

CAF_TEST(forgetting twice does not free the slot twice) {
  auto first = unix_pair();
  auto second = unix_pair();
  auto third = unix_pair();
  recorder a;
  recorder b;
  recorder c;
  const auto token = events.add(first.a.get(), EPOLLIN, a);
  events.detach(first.a.get(), token);
  events.detach(first.a.get(), token);
  const auto x = events.add(second.a.get(), EPOLLIN, b);
  const auto y = events.add(third.a.get(), EPOLLIN, c);
  CAF_CHECK(x.slot != y.slot);
  events.forget(token); // names nobody by now
  write_byte(second.b);
  poll();
  CAF_CHECK_EQUAL(b.calls, 1);
}

CAF_TEST(a detached descriptor stays open and silent) {
  auto pair = unix_pair();
  recorder a;
  const auto token = events.add(pair.a.get(), EPOLLIN, a);
  events.detach(pair.a.get(), token);
  write_byte(pair.b);
  poll();
  CAF_CHECK_EQUAL(a.calls, 0);
  char byte = 0;
  CAF_CHECK_EQUAL(::recv(pair.a.get(), &byte, 1, 0), 1);
}

CAF_TEST(what cannot be watched is an error and costs no slot) {
  recorder a;
  const auto fails = [&] {
    try {
      events.add(-1, EPOLLIN, a);
    } catch (const std::system_error& error) {
      return error.code().value() == EBADF;
    }
    return false;
  };
  CAF_CHECK(fails());
  CAF_CHECK(fails());
  auto pair = unix_pair();
  CAF_CHECK_EQUAL(events.add(pair.a.get(), EPOLLIN, a).slot, 0u);
}

CAF_TEST(more events than one wait takes come with the next ones) {
  auto pair = unix_pair();
  write_byte(pair.b);
  std::vector<descriptor> ready; // one socket under many names
  std::vector<recorder> sinks(2 * poller::events_max + 10);
  for (auto& sink : sinks) {
    ready.emplace_back(::dup(pair.a.get()));
    events.add(ready.back().get(), EPOLLIN | EPOLLET, sink);
  }
  int told = 0;
  const auto count = [&] {
    poll();
    int sum = 0;
    for (const auto& sink : sinks)
      sum += sink.calls;
    return sum - std::exchange(told, sum);
  };
  CAF_CHECK_EQUAL(count(), poller::events_max);
  CAF_CHECK_EQUAL(count(), poller::events_max);
  CAF_CHECK_EQUAL(count(), 10);
}

CAF_TEST_FIXTURE_SCOPE_END()
