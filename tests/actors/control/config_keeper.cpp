// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_keeper

#include "actors/control/config_keeper.hpp"
#include "../control_fixture.hpp"

#include <deque>

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

config::loaded good(uint64_t hash, unsigned retries_max) {
  config::loaded result;
  result.hash = hash;
  result.settings.backends.resize(1);
  result.settings.backends[0].name = "app";
  result.settings.backends[0].retries_max = retries_max;
  return result;
}

config::loaded bad(uint64_t hash, size_t problems) {
  auto result = good(hash, 2);
  for (size_t i = 0; i < problems; ++i)
    result.problems.push_back(
      {"t.yaml", static_cast<unsigned>(i + 1), 3, "backends[0]", "is wrong"});
  return result;
}

/// The scoped actor is supervisor, metrics and operator.
struct fixture : control_fixture {
  fixture() {
    config_source source;
    source.file = "t.yaml";
    source.load = [this] {
      ++loads;
      return file;
    };
    source.run_blocking = [this](std::function<void()> job) {
      jobs.push_back(std::move(job));
    };
    source.watch = {[this] { ++begun; },
                    [this](const auto& result) { ended.push_back(result); }};
    auto first = good(1, 2);
    auto everybody = caf::actor_cast<caf::strong_actor_ptr>(self);
    aut = periodic(sys.spawn<config_keeper>(
      std::move(source), caf::actor_cast<supervisor_actor>(everybody),
      caf::actor_cast<metrics_actor>(everybody),
      running_config{std::make_shared<const settings>(first.settings), 1, 1}));
    consume_messages();
  }

  auto reload() {
    auto pending = self->request(aut, caf::infinite, reload_config{"a test"});
    consume_messages();
    return pending;
  }

  template <class Pending>
  reload_result result_of(Pending& pending) {
    reload_result result;
    pending.receive([&](reload_result& x) { result = std::move(x); },
                    [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  /// The helper thread runs what it was given.
  void work() {
    CAF_REQUIRE(!jobs.empty());
    auto job = std::move(jobs.front());
    jobs.pop_front();
    job();
    consume_messages();
  }

  /// The supervisor answers what it was asked, the metrics listen.
  void supervise(apply_result answer = {}) {
    auto more = true;
    self->receive_while(more)(
      [&](const apply_settings& x) {
        applied.push_back(x);
        return answer;
      },
      [&](const config_outcome& x) { outcomes.push_back(x); },
      caf::after(0ms) >> [&] { more = false; });
    consume_messages();
    self->receive_while(more = true)(
      [&](const config_outcome& x) { outcomes.push_back(x); },
      caf::after(0ms) >> [&] { more = false; });
  }

  config_view describe() { return ask<config_view>(aut, describe_config{}); }

  config_actor aut;
  config::loaded file = good(2, 5);
  unsigned loads = 0;
  unsigned begun = 0;               ///< reloads, as the watch is told
  std::vector<reload_result> ended; ///< likewise
  std::deque<std::function<void()>> jobs;
  std::vector<apply_settings> applied;
  std::vector<config_outcome> outcomes;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(config_keeper_tests, fixture)

CAF_TEST(a changed file becomes the next generation) {
  auto pending = reload();
  work();
  supervise();
  auto result = result_of(pending);
  CAF_CHECK(result.ok);
  CAF_CHECK_EQUAL(result.generation, 2u);
  CAF_CHECK_EQUAL(result.summary, "backends: ~app");
  CAF_REQUIRE_EQUAL(applied.size(), 1u);
  CAF_CHECK_EQUAL(applied[0].generation, 2u);
  CAF_CHECK_EQUAL(applied[0].next->backends[0].retries_max, 5u);
  CAF_REQUIRE_EQUAL(outcomes.size(), 1u);
  CAF_CHECK(outcomes[0].ok);
  CAF_CHECK_EQUAL(outcomes[0].generation, 2u);
  auto view = describe();
  CAF_CHECK_EQUAL(view.generation, 2u);
  CAF_CHECK_EQUAL(view.hash, 2u);
  CAF_CHECK_EQUAL(view.file, "t.yaml");
  CAF_CHECK_EQUAL(view.running->backends[0].retries_max, 5u);
}

CAF_TEST(nothing is read before the helper thread runs) {
  auto pending = reload();
  CAF_CHECK_EQUAL(loads, 0u);
  work();
  CAF_CHECK_EQUAL(loads, 1u);
  supervise();
  CAF_CHECK(result_of(pending).ok);
}

CAF_TEST(an unchanged file asks nothing of the supervisor) {
  file = good(1, 2);
  auto pending = reload();
  work();
  supervise();
  auto result = result_of(pending);
  CAF_CHECK(result.ok);
  CAF_CHECK_EQUAL(result.generation, 1u);
  CAF_CHECK_EQUAL(result.summary, "nothing changed");
  CAF_CHECK(applied.empty());
}

CAF_TEST(every problem of a bad file is told and the running one kept) {
  file = bad(2, 3);
  auto pending = reload();
  work();
  supervise();
  auto result = result_of(pending);
  CAF_CHECK(!result.ok);
  CAF_CHECK_EQUAL(result.generation, 1u);
  CAF_REQUIRE_EQUAL(result.problems.size(), 3u);
  CAF_CHECK_EQUAL(result.problems[2], "t.yaml:3:3: backends[0]: is wrong");
  CAF_CHECK(applied.empty());
  CAF_REQUIRE_EQUAL(outcomes.size(), 1u);
  CAF_CHECK(!outcomes[0].ok);
  CAF_CHECK_EQUAL(outcomes[0].generation, 1u);
  auto view = describe();
  CAF_CHECK_EQUAL(view.last_problems.size(), 3u);
  CAF_CHECK_EQUAL(view.hash, 1u);
}

CAF_TEST(what the supervisor refuses is kept out too) {
  auto pending = reload();
  work();
  supervise({{"frontends[0].listen: address already in use"}});
  auto result = result_of(pending);
  CAF_CHECK(!result.ok);
  CAF_REQUIRE_EQUAL(result.problems.size(), 1u);
  CAF_CHECK_EQUAL(describe().generation, 1u);
  // Trying again is worth it: the address may be free by then.
  auto again = reload();
  work();
  supervise();
  CAF_CHECK_EQUAL(result_of(again).generation, 2u);
  CAF_CHECK(describe().last_problems.empty());
}

CAF_TEST(a good file after a bad one clears the problems) {
  file = bad(2, 1);
  auto first = reload();
  work();
  supervise();
  CAF_CHECK(!result_of(first).ok);
  file = good(1, 2);
  auto second = reload();
  work();
  supervise();
  CAF_CHECK(result_of(second).ok);
  CAF_CHECK(describe().last_problems.empty());
}

CAF_TEST(requests during a load share one more load) {
  auto first = reload();
  auto second = reload();
  auto third = reload();
  CAF_CHECK_EQUAL(jobs.size(), 1u);
  work();
  file = good(3, 6);
  auto fourth = reload(); // while the supervisor has not answered
  supervise();
  CAF_CHECK_EQUAL(result_of(first).generation, 2u);
  CAF_REQUIRE_EQUAL(jobs.size(), 1u);
  work();
  supervise();
  CAF_CHECK_EQUAL(result_of(second).generation, 3u);
  CAF_CHECK_EQUAL(result_of(third).generation, 3u);
  CAF_CHECK_EQUAL(result_of(fourth).generation, 3u);
  CAF_CHECK_EQUAL(loads, 2u);
  CAF_CHECK(jobs.empty());
}

CAF_TEST(a silent supervisor spoils the number and the hash) {
  auto first = reload();
  work();
  pass(10s, 1s);
  auto result = result_of(first);
  CAF_CHECK(!result.ok);
  CAF_CHECK_EQUAL(result.generation, 1u);
  CAF_REQUIRE_EQUAL(result.problems.size(), 1u);
  applied.clear();
  // Once it is back it first finds the request nobody waits for any more.
  supervise();
  CAF_REQUIRE_EQUAL(applied.size(), 1u);
  file = good(1, 2); // even what ran before is applied anew
  auto second = reload();
  work();
  supervise();
  CAF_CHECK_EQUAL(result_of(second).generation, 3u);
}

CAF_TEST(the watch is told when each reload begins and how it ended) {
  auto first = reload();
  CAF_CHECK_EQUAL(begun, 1u);
  CAF_CHECK(ended.empty());
  work();
  supervise();
  CAF_REQUIRE_EQUAL(ended.size(), 1u);
  CAF_CHECK(ended[0].ok);
  CAF_CHECK_EQUAL(ended[0].generation, 2u);
  file = bad(3, 2);
  auto second = reload();
  work();
  supervise();
  CAF_CHECK_EQUAL(begun, 2u);
  CAF_REQUIRE_EQUAL(ended.size(), 2u);
  CAF_CHECK(!ended[1].ok);
  CAF_CHECK_EQUAL(ended[1].problems.size(), 2u);
  CAF_CHECK(result_of(first).ok);
  CAF_CHECK(!result_of(second).ok);
}

CAF_TEST(the watch does not wait for a config actor that has ended) {
  auto pending = reload();
  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK_EQUAL(begun, 1u);
  CAF_REQUIRE_EQUAL(ended.size(), 1u);
  CAF_CHECK(!ended[0].ok);
  CAF_CHECK(!result_of(pending).ok);
  work(); // the helper thread comes too late
}

CAF_TEST(nobody waits for a config actor that has ended) {
  auto first = reload();
  auto second = reload();
  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK(!result_of(first).ok);
  CAF_CHECK(!result_of(second).ok);
  work(); // the helper thread comes too late
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
