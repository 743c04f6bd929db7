// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE health_checker

#include "actors/control/health_checker.hpp"
#include "../control_fixture.hpp"
#include "../scripted_prober.hpp"

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

struct fixture : control_fixture {
  fixture() {
    settings.servers.resize(1);
    checker = periodic(sys.spawn<health_checker>("app", prober, 7u));
  }

  ~fixture() override { prober.calls.clear(); }

  /// Tells the checker what `settings` and `admin` say.
  void retarget() {
    check_targets message;
    message.settings = std::make_shared<const backend_settings>(settings);
    for (size_t i = 0; i < settings.servers.size(); ++i) {
      const auto& server = settings.servers[i];
      while (lives.size() <= i)
        lives.push_back(make_live(server.name));
      auto address = endpoint::parse(server.address).value_or(endpoint{});
      message.targets.push_back(
        {server.name, address,
         i < admin.size() ? admin[i] : admin_state::ready});
      message.lives.push_back(lives[i]);
    }
    self->send(checker, message);
    consume_messages();
  }

  void finish(net::probe_result result) {
    CAF_REQUIRE(!prober.calls.empty());
    auto call = std::move(prober.calls.front());
    prober.calls.erase(prober.calls.begin());
    on_loop_of<health_checker>(checker, [&] { call.done(result); });
  }

  void succeed() {
    finish({.outcome = probe_outcome::success, .detail = "connected"});
  }

  void fail() {
    finish({.outcome = probe_outcome::failure, .detail = "connection refused"});
  }

  /// Waits until a probe is under way; fails if none begins in time.
  void await_probe(milliseconds longest = 2'300ms) {
    for (; prober.calls.empty() && longest > 0ms; longest -= 10ms)
      pass(10ms);
    CAF_REQUIRE(!prober.calls.empty());
  }

  void report(failure_kind kind, std::string server = "a1") {
    self->send(checker, passive_report{std::move(server), kind, 5});
    consume_messages();
  }

  /// What the router was told since the last call.
  std::vector<server_health> told() {
    std::vector<server_health> result;
    auto more = true;
    self->receive_while(more)(
      [&](const server_health& x) { result.push_back(x); },
      caf::after(0ms) >> [&] { more = false; });
    return result;
  }

  health_view evidence(size_t index = 0) {
    return ask<health_list>(checker, describe_health{}).at(index);
  }

  /// One server whose first probe succeeded.
  void start_confirmed() {
    retarget();
    await_probe();
    succeed();
    told();
  }

  backend_settings settings = make_backend(1);
  std::vector<admin_state> admin;
  std::vector<std::shared_ptr<server_live>> lives;
  scripted_prober prober;
  health_actor checker;
};

using told_list = std::vector<server_health>;

server_health is(status own, bool vetoed = false, bool ejected = false) {
  return {"a1", own, vetoed, ejected};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(health_checker_tests, fixture)

CAF_TEST(first probes start within 100 ms) {
  settings = make_backend(3);
  retarget();
  pass(100ms);
  CAF_CHECK_EQUAL(prober.calls.size(), 3u);
  CAF_CHECK(told().empty());
}

CAF_TEST(no second probe starts while one is under way) {
  retarget();
  pass(20s, 100ms);
  CAF_CHECK_EQUAL(prober.started, 1u);
}

CAF_TEST(the router hears of the first success and of no other) {
  retarget();
  for (int i = 0; i < 4; ++i) {
    await_probe();
    succeed();
  }
  CAF_CHECK(told() == told_list{is(status::up)});
}

CAF_TEST(one failure before the first success is enough) {
  retarget();
  await_probe();
  fail();
  CAF_CHECK(told() == told_list{is(status::down)});
}

CAF_TEST(the router hears of the third failure and not of the second) {
  start_confirmed();
  await_probe();
  fail();
  await_probe(600ms);
  finish({.outcome = probe_outcome::timeout, .detail = "timeout"});
  CAF_CHECK(told().empty());
  await_probe(600ms);
  fail();
  CAF_CHECK(told() == told_list{is(status::down)});
  CAF_CHECK_EQUAL(lives[0]->checks.results[0].get(), 1u);
  CAF_CHECK_EQUAL(lives[0]->checks.results[1].get(), 2u);
  CAF_CHECK_EQUAL(lives[0]->checks.results[2].get(), 1u);
}

CAF_TEST(a down server returns with the second success in a row) {
  retarget();
  await_probe();
  fail();
  told();
  await_probe(5'600ms);
  succeed();
  await_probe(600ms);
  fail();
  await_probe(5'600ms);
  succeed();
  CAF_CHECK(told().empty());
  await_probe(600ms);
  succeed();
  CAF_CHECK(told() == told_list{is(status::up)});
}

CAF_TEST(intervals are 2 s while up and 5 s while down give or take a tenth) {
  start_confirmed();
  pass(1'790ms);
  CAF_CHECK(prober.calls.empty());
  await_probe(420ms);
  for (int i = 0; i < 3; ++i) {
    fail();
    if (i < 2)
      await_probe(600ms);
  }
  pass(4'490ms);
  CAF_CHECK(prober.calls.empty());
  await_probe(1'020ms);
}

CAF_TEST(without an active check nothing is probed) {
  settings.health_check.enabled = false;
  retarget();
  CAF_CHECK(told() == told_list{is(status::up)});
  pass(30s, 100ms);
  CAF_CHECK_EQUAL(prober.started, 0u);
}

CAF_TEST(maint stops the probes and drain does not ) {
  start_confirmed();
  admin = {admin_state::drain};
  retarget();
  await_probe();
  admin = {admin_state::maint};
  retarget();
  fail();
  CAF_CHECK_EQUAL(evidence().probes, 1u);
  pass(20s, 100ms);
  CAF_CHECK_EQUAL(prober.started, 2u);
  admin = {admin_state::ready};
  retarget();
  await_probe(100ms);
}

CAF_TEST(targets that did not change leave a probe under way alone) {
  start_confirmed();
  await_probe();
  settings.retries_max = 1;
  settings.health_check.passive.failures = 9;
  retarget();
  fail();
  CAF_CHECK_EQUAL(evidence().active.failures, 1u);
}

CAF_TEST(a changed check restarts the counts and keeps the status) {
  start_confirmed();
  await_probe();
  fail();
  await_probe();
  settings.health_check.timeout = 700ms;
  retarget();
  fail(); // of the old check: counts for nothing
  CAF_CHECK_EQUAL(evidence().active.failures, 0u);
  await_probe(100ms);
  CAF_CHECK(prober.calls.front().check.timeout == 700ms);
  fail();
  CAF_CHECK(evidence().active.status == status::up);
  CAF_CHECK_EQUAL(evidence().active.failures, 1u);
}

CAF_TEST(a new address must prove itself) {
  start_confirmed();
  pass(300ms);
  report(failure_kind::connect);
  CAF_CHECK(told() == told_list{is(status::up, true)});
  settings.servers[0].address = "127.0.0.1:9001";
  retarget();
  CAF_CHECK(told() == told_list{is(status::up)});
  fail(); // the old address
  await_probe(100ms);
  CAF_CHECK_EQUAL(prober.calls.front().target.port(), 9001u);
  fail();
  CAF_CHECK(told() == told_list{is(status::down)});
}

CAF_TEST(an address that does not resolve is a failure without a probe) {
  settings.servers[0].address = "nowhere.invalid:80";
  retarget();
  pass(100ms);
  CAF_CHECK_EQUAL(prober.started, 0u);
  CAF_CHECK(told() == told_list{is(status::down)});
  settings.servers[0].address = "127.0.0.1:8001";
  retarget();
  CAF_CHECK(told().empty());
  await_probe(100ms);
  succeed();
  CAF_CHECK(told() == told_list{is(status::up)});
}

CAF_TEST(a server that left and came back starts anew) {
  start_confirmed();
  await_probe();
  auto one = settings;
  settings.servers.clear();
  retarget();
  settings = one;
  retarget();
  fail(); // of the one that left
  CAF_CHECK_EQUAL(evidence().probes, 0u);
  CAF_CHECK(told().empty());
}

CAF_TEST(a failed response ejects until a probe succeeds after the cooldown) {
  settings = make_backend(2);
  admin = {admin_state::ready, admin_state::ready};
  retarget();
  pass(100ms);
  succeed();
  succeed();
  told();
  report(failure_kind::response);
  CAF_CHECK(told() == told_list{is(status::up, false, true)});
  report(failure_kind::response);
  settings.servers.resize(1); // only its probes from here on
  retarget();
  for (auto left = 29'900ms; left > 0ms; left -= 10ms) {
    pass(10ms);
    if (!prober.calls.empty())
      succeed();
  }
  CAF_CHECK(told().empty());
  pass(4s);
  fail();
  CAF_CHECK(told().empty());
  await_probe(560ms);
  succeed();
  CAF_CHECK(told() == told_list{is(status::up)});
}

CAF_TEST(without an active check failed connects eject for the cooldown) {
  settings = make_backend(2);
  settings.health_check.enabled = false;
  retarget();
  told();
  report(failure_kind::connect);
  CAF_CHECK(told() == told_list{is(status::up, false, true)});
  pass(29'900ms, 100ms);
  CAF_CHECK(told().empty());
  pass(200ms);
  CAF_CHECK(told() == told_list{is(status::up)});
  report(failure_kind::response);
  told();
  pass(59'900ms, 100ms);
  CAF_CHECK(told().empty());
  pass(200ms);
  CAF_CHECK(told() == told_list{is(status::up)});
}

CAF_TEST(a cooldown ends in maint too) {
  settings = make_backend(2);
  settings.health_check.enabled = false;
  retarget();
  report(failure_kind::response);
  told();
  admin = {admin_state::maint};
  retarget();
  pass(31s, 100ms);
  CAF_CHECK(told() == told_list{is(status::up)});
}

CAF_TEST(the last one standing is not ejected) {
  settings = make_backend(3);
  settings.health_check.enabled = false;
  admin = {admin_state::ready, admin_state::ready, admin_state::drain};
  retarget();
  told();
  report(failure_kind::response, "a2");
  CAF_CHECK_EQUAL(told().size(), 1u);
  report(failure_kind::response, "a1");
  report(failure_kind::connect, "a1");
  CAF_CHECK(told().empty());
}

CAF_TEST(this hosts own errors are no evidence) {
  retarget();
  await_probe();
  for (int i = 0; i < 5; ++i) {
    finish({.local_error = true, .detail = "too many open files"});
    await_probe(560ms);
  }
  CAF_CHECK(told().empty());
  CAF_CHECK_EQUAL(evidence().probes, 0u);
  CAF_CHECK_EQUAL(evidence().last_probe, "too many open files");
  CAF_CHECK_EQUAL(lives[0]->checks.results[1].get(), 0u);
}

CAF_TEST(a report about an unknown server is dropped) {
  report(failure_kind::connect);
  start_confirmed();
  report(failure_kind::connect, "a9");
  CAF_CHECK(told().empty());
}

CAF_TEST(a new router is told everything) {
  start_confirmed();
  report(failure_kind::connect);
  told();
  retarget();
  CAF_CHECK(told().empty());
  caf::scoped_actor other{sys};
  check_targets message{std::make_shared<const backend_settings>(settings),
                        {{"a1", *endpoint::parse("127.0.0.1:8001")}},
                        {lives[0]}};
  other->send(checker, message);
  consume_messages();
  told_list heard;
  other->receive([&](const server_health& x) { heard.push_back(x); });
  CAF_CHECK(heard == told_list{is(status::up, true)});
  CAF_CHECK(told().empty());
}

CAF_TEST(evidence names the last probe and its age) {
  retarget();
  CAF_CHECK_EQUAL(evidence().last_probe, "");
  CAF_CHECK_EQUAL(evidence().last_probe_ms_ago, -1);
  await_probe();
  fail();
  pass(40ms);
  auto view = evidence();
  CAF_CHECK_EQUAL(view.server, "a1");
  CAF_CHECK_EQUAL(view.last_probe, "connection refused");
  CAF_CHECK_EQUAL(view.last_probe_ms_ago, 40);
  CAF_CHECK_EQUAL(view.probes, 1u);
  CAF_CHECK(view.active.status == status::down);
}

CAF_TEST(a probe that outlives its checker calls nobody) {
  retarget();
  await_probe();
  caf::anon_send_exit(checker, caf::exit_reason::kill);
  consume_messages();
  fail();
  CAF_CHECK(told().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
