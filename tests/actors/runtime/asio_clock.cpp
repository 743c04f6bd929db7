// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE actors_asio_clock
#include "actors/system_fixture.hpp"

#include <caf/event_based_actor.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::actors;

namespace {

/// What an actor heard and when.
struct heard {
  std::string what;
  time_point at;
};

// Each function that is spawned takes an argument: without one CAF 0.17 looks
// behind an empty pointer to an empty tuple, which checked containers forbid.
struct fixture : system_fixture {
  /// Keeps what it is told; never answers a number.
  caf::actor spawn_listener() {
    auto result = system.spawn(
      [this](caf::event_based_actor* self, int) {
        return caf::behavior{
          [this](const std::string& text) {
            log.push_back({text, clock::now()});
          },
          [this, self](int) {
            open.push_back(self->make_response_promise());
            return open.back();
          },
        };
      },
      0);
    actors.push_back(result);
    return result;
  }

  ~fixture() override {
    for (const auto& one : actors)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    open.clear();
    actors.clear();
    CAF_CHECK(run_until([&] { return system.registry().running() == 0; }));
  }

  std::vector<heard> log;
  std::vector<caf::response_promise> open;
  std::vector<caf::actor> actors;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(asio_clock_tests, fixture)

CAF_TEST(delayed messages come in the order of their time and never early) {
  const auto one = spawn_listener();
  const auto start = clock::now();
  caf::delayed_anon_send(one, 90ms, std::string{"third"});
  caf::delayed_anon_send(one, 30ms, std::string{"first"}); // re-arms earlier
  caf::delayed_anon_send(one, 60ms, std::string{"second"});
  CAF_CHECK(run_until([&] { return log.size() == 3; }));
  const std::vector<std::string> expected{"first", "second", "third"};
  for (size_t n = 0; n < log.size(); ++n) {
    CAF_CHECK_EQUAL(log[n].what, expected[n]);
    CAF_CHECK(log[n].at - start >= 30ms * (n + 1));
  }
}

CAF_TEST(messages of one time all come) {
  const auto one = spawn_listener();
  const auto when = clock::now() + 20ms;
  for (int n = 0; n < 100; ++n)
    system.clock().schedule_message(
      when, caf::actor_cast<caf::strong_actor_ptr>(one),
      caf::make_mailbox_element(nullptr, caf::make_message_id(), caf::no_stages,
                                std::string{"x"}));
  CAF_CHECK(run_until([&] { return log.size() == 100; }));
}

CAF_TEST(another thread may set a timer for this loop) {
  const auto one = spawn_listener();
  std::thread other{
    [&] { caf::delayed_anon_send(one, 10ms, std::string{"hello"}); }};
  CAF_CHECK(run_until([&] { return log.size() == 1; }));
  other.join();
}

CAF_TEST(a request nobody answers ends in time) {
  const auto one = spawn_listener();
  const auto start = clock::now();
  caf::error failure;
  auto asking = system.spawn(
    [&](caf::event_based_actor* self, int) {
      self->request(one, 40ms, 1)
        .then([](int) { CAF_ERROR("nobody answered"); },
              [&](caf::error& error) { failure = std::move(error); });
    },
    0);
  CAF_CHECK(run_until([&] { return static_cast<bool>(failure); }));
  CAF_CHECK(failure == caf::sec::request_timeout);
  CAF_CHECK(clock::now() - start >= 40ms);
}

CAF_TEST(an answer comes once and its timeout never) {
  const auto one = spawn_listener();
  int answers = 0;
  int failures = 0;
  auto asking = system.spawn(
    [&](caf::event_based_actor* self, int) {
      self->request(one, 50ms, 1)
        .then([&](int) { ++answers; }, [&](caf::error&) { ++failures; });
      return caf::behavior{[](const std::string&) {}};
    },
    0);
  actors.push_back(asking);
  CAF_CHECK(run_until([&] { return !open.empty(); }));
  open.back().deliver(42);
  caf::delayed_anon_send(one, 100ms, std::string{"later"});
  CAF_CHECK(run_until([&] { return log.size() == 1; }));
  CAF_CHECK_EQUAL(answers, 1);
  CAF_CHECK_EQUAL(failures, 0);
}

CAF_TEST(an actor that has ended is held by no timeout of its own) {
  const auto one = spawn_listener();
  caf::weak_actor_ptr ended;
  {
    auto asking = system.spawn(
      [&](caf::event_based_actor* self, int) {
        self->request(one, 3'600'000ms, 1).then([](int) {}, [](caf::error&) {});
        return caf::behavior{[](const std::string&) {}};
      },
      0);
    ended = caf::actor_cast<caf::weak_actor_ptr>(asking);
    CAF_CHECK(run_until([&] { return !open.empty(); }));
    caf::anon_send_exit(asking, caf::exit_reason::kill);
  }
  open.clear();
  CAF_CHECK(run_until([&] { return !ended.lock(); }));
}

CAF_TEST(timeouts of one actor leave those of another alone) {
  const auto one = spawn_listener();
  int failures = 0;
  auto ask = [&](milliseconds timeout) {
    return system.spawn(
      [&, timeout](caf::event_based_actor* self, int) {
        self->request(one, timeout, 1)
          .then([](int) {}, [&](caf::error&) { ++failures; });
        return caf::behavior{[](const std::string&) {}};
      },
      0);
  };
  auto dying = ask(60'000ms);
  auto living = ask(40ms);
  actors.push_back(living);
  CAF_CHECK(run_until([&] { return open.size() == 2; }));
  caf::anon_send_exit(dying, caf::exit_reason::kill);
  CAF_CHECK(run_until([&] { return failures == 1; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
