// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE actors_actor_host
#include "actors/system_fixture.hpp"

#include "actors/runtime/hosted.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <spdlog/spdlog.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::actors;

namespace {

/// Writes down the numbers it is sent.
class probe final : public hosted<caf::event_based_actor, actor_kind::router> {
public:
  probe(caf::actor_config& cfg, std::vector<int>& seen)
    : hosted(cfg), seen_(seen) {}

  caf::behavior make_behavior() override {
    return {[this](int number) { note(number); }};
  }

  void note(int number) {
    if (number < 0)
      throw std::runtime_error{"told to fail"};
    seen_.push_back(number);
    if (number == 0)
      quit();
  }

protected:
  std::string subject() const override { return "subject"; }

private:
  std::vector<int>& seen_;
};

struct fixture : system_fixture {
  fixture() {
    spdlog::set_level(spdlog::level::off); // actors here die on purpose
    host.bind_thread();
  }
  ~fixture() override {
    host.abandon();
    control_host(system).bind_thread();
    spdlog::set_level(spdlog::level::info);
  }

  caf::actor spawn() { return spawn_on<probe>(host, seen); }
  static probe& get(const caf::actor& handle) {
    return static_cast<probe&>(*caf::actor_cast<caf::abstract_actor*>(handle));
  }
  void end(const caf::actor& handle) {
    caf::anon_send(handle, 0);
    while (host.run()) {
    }
  }

  std::atomic<int> wakes{0};
  actor_host host{system, "worker 7", [this] { ++wakes; }};
  std::vector<int> seen;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(actor_host_tests, fixture)

CAF_TEST(messages wait for a turn and keep their order) {
  const auto one = spawn();
  for (int n = 1; n <= 3; ++n)
    caf::anon_send(one, n);
  CAF_CHECK(seen.empty());
  host.run();
  CAF_CHECK_EQUAL(seen, (std::vector<int>{1, 2, 3}));
  end(one);
}

CAF_TEST(the loop is woken once until it has taken its turn) {
  const auto one = spawn();
  const auto two = spawn();
  wakes = 0;
  host.run();
  caf::anon_send(one, 1);
  caf::anon_send(two, 1);
  CAF_CHECK_EQUAL(wakes.load(), 1);
  host.run();
  caf::anon_send(one, 2);
  CAF_CHECK_EQUAL(wakes.load(), 2);
  end(one);
  end(two);
}

CAF_TEST(messages from another thread wake the loop and run on it) {
  const auto one = spawn();
  host.run();
  wakes = 0;
  std::thread other{[&] {
    for (int n = 1; n <= 1000; ++n)
      caf::anon_send(one, n);
  }};
  other.join();
  CAF_CHECK(wakes.load() >= 1);
  CAF_CHECK(seen.empty());
  while (host.run()) {
  }
  CAF_CHECK_EQUAL(seen.size(), 1000u);
  CAF_CHECK(std::is_sorted(seen.begin(), seen.end()));
  end(one);
}

CAF_TEST(a round takes no more jobs than it is told) {
  std::vector<caf::actor> many;
  for (int n = 0; n < 10; ++n)
    many.push_back(spawn());
  while (host.run()) {
  }
  for (const auto& one : many)
    caf::anon_send(one, 1);
  CAF_CHECK(host.run(4));
  CAF_CHECK_EQUAL(seen.size(), 4u);
  CAF_CHECK(!host.run(100));
  CAF_CHECK_EQUAL(seen.size(), 10u);
  for (const auto& one : many)
    end(one);
}

CAF_TEST(an actor with a full mailbox lets the others have their turn) {
  const auto busy = spawn();
  const auto other = spawn();
  host.run();
  for (int n = 1; n <= 100; ++n)
    caf::anon_send(busy, n);
  caf::anon_send(other, 1000);
  host.run(2);
  CAF_CHECK(std::find(seen.begin(), seen.end(), 1000) != seen.end());
  CAF_CHECK(seen.size() < 101);
  while (host.run()) {
  }
  CAF_CHECK_EQUAL(seen.size(), 101u);
  end(busy);
  end(other);
}

CAF_TEST(who lives here is listed and counted until it has ended) {
  CAF_CHECK_EQUAL(host.size(), 0u);
  const auto one = spawn();
  const auto two = spawn();
  const auto three = spawn();
  CAF_CHECK_EQUAL(host.size(), 3u);
  const auto& totals = host.totals(actor_kind::router);
  CAF_CHECK_EQUAL(totals.alive.get(), 3u);
  caf::anon_send(one, 1);
  caf::anon_send(one, 2);
  CAF_CHECK_EQUAL(totals.backlog(), 2u);
  size_t found = 0;
  host.for_each([&](const actor_entry& entry) {
    ++found;
    CAF_CHECK(entry.entry_kind() == actor_kind::router);
    CAF_CHECK_EQUAL(entry.entry_name(), "subject");
    CAF_CHECK_EQUAL(entry.entry_mailbox(),
                    entry.entry_id() == one.id() ? 2u : 0u);
  });
  CAF_CHECK_EQUAL(found, 3u);
  end(two); // from the middle
  CAF_CHECK_EQUAL(host.size(), 2u);
  host.for_each(
    [&](const actor_entry& entry) { CAF_CHECK(entry.entry_id() != two.id()); });
  end(one);
  end(three);
  CAF_CHECK_EQUAL(host.size(), 0u);
  CAF_CHECK_EQUAL(totals.alive.get(), 0u);
  CAF_CHECK_EQUAL(totals.backlog(), 0u);
}

CAF_TEST(an actor spawned by another thread is listed with its first message) {
  caf::actor one;
  std::thread other{[&] { one = spawn(); }};
  other.join();
  CAF_CHECK_EQUAL(host.size(), 0u);
  caf::anon_send(one, 1);
  while (host.run()) {
  }
  CAF_CHECK_EQUAL(host.size(), 1u);
  end(one);
  CAF_CHECK_EQUAL(host.size(), 0u);
}

CAF_TEST(an event runs at once as code of the actor) {
  const auto one = spawn();
  host.run();
  CAF_CHECK(get(one).in_actor([&] { get(one).note(5); }));
  CAF_CHECK_EQUAL(seen, (std::vector<int>{5}));
  CAF_CHECK(!get(one).in_actor([&] { get(one).note(0); })); // it quits
  CAF_CHECK_EQUAL(host.size(), 0u);
}

CAF_TEST(an exception ends its actor and nothing else) {
  const auto one = spawn();
  const auto two = spawn();
  host.run();
  CAF_CHECK(!get(one).in_actor([&] { get(one).note(-1); }));
  CAF_CHECK_EQUAL(host.size(), 1u);
  caf::anon_send(one, 1); // nobody is there
  caf::anon_send(two, -1);
  while (host.run()) {
  }
  CAF_CHECK_EQUAL(host.size(), 0u);
  CAF_CHECK(seen.empty());
}

CAF_TEST(one that takes the place of a failed one is its restart) {
  const auto restarts = [this] {
    std::vector<uint32_t> result;
    host.for_each([&](const auto& x) { result.push_back(x.restarts); });
    return result;
  };
  const auto total = [this] {
    return host.totals(actor_kind::router).restarted.get();
  };
  end(spawn()); // it was told to end
  const auto first = spawn();
  CAF_CHECK_EQUAL(restarts(), std::vector<uint32_t>{0});
  caf::anon_send(first, -1);
  host.run();
  CAF_CHECK_EQUAL(total(), 0u); // nobody has taken its place yet
  const auto second = spawn();
  CAF_CHECK_EQUAL(restarts(), std::vector<uint32_t>{1});
  const auto third = spawn(); // one more, but nobody failed
  CAF_CHECK_EQUAL(total(), 1u);
  for (const auto& x : {second, third}) {
    caf::anon_send(x, -1);
    host.run();
  }
  const auto fourth = spawn();
  const auto fifth = spawn();
  CAF_CHECK_EQUAL(restarts(), (std::vector<uint32_t>{3, 2}));
  CAF_CHECK_EQUAL(total(), 3u);
  end(fourth);
  end(fifth);
}

CAF_TEST(who dies of an exception is reported with it) {
  caf::scoped_actor self{system};
  const auto one = spawn();
  host.run();
  self->monitor(one);
  caf::anon_send(one, -1);
  while (host.run()) {
  }
  bool down = false;
  self->receive([&](caf::down_msg& message) {
    down = message.source == one.address()
        && message.reason != caf::exit_reason::normal;
  });
  CAF_CHECK(down);
}

CAF_TEST(messages to a loop that has ended are dropped) {
  const auto one = spawn();
  caf::anon_send(one, 1);
  host.abandon();
  CAF_CHECK(seen.empty());
  std::thread other{[&] { caf::anon_send(one, 2); }};
  other.join();
  CAF_CHECK(!host.run());
  CAF_CHECK(seen.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
