// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE health_checker_cluster

#include "../control_fixture.hpp"
#include "../scripted_prober.hpp"
#include "actors/control/health_checker.hpp"

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

/// The scoped actor is router and observations at once.
struct fixture : control_fixture {
  fixture() {
    auto everybody = caf::actor_cast<caf::strong_actor_ptr>(self);
    checker =
      periodic(sys.spawn<health_checker>("app", prober, 7u, [everybody] {
        return caf::actor_cast<observations_actor>(everybody);
      }));
    check_targets message;
    settings = make_backend(1);
    message.settings = std::make_shared<const backend_settings>(settings);
    message.targets.push_back({"a1", *endpoint::parse("127.0.0.1:8001")});
    live = make_live("a1");
    message.lives.push_back(live);
    tell(message);
  }

  ~fixture() override { prober.calls.clear(); }

  template <class T>
  void tell(const T& message) {
    self->send(checker, message);
    consume_messages();
  }

  void begin(std::optional<status> from = {}, bool alone = false) {
    tell(probe_role{"a1", true, from, alone});
  }

  void finish(probe_outcome outcome) {
    auto call = std::move(prober.calls.at(0));
    prober.calls.erase(prober.calls.begin());
    on_loop_of<health_checker>(
      checker, [&] { call.done({.outcome = outcome, .detail = "said so"}); });
  }

  /// Waits for a probe as long as one may take while a state changes.
  void probe(probe_outcome outcome) {
    for (int i = 0; i < 56 && prober.calls.empty(); ++i)
      pass(10ms);
    CAF_REQUIRE_EQUAL(prober.calls.size(), 1u);
    finish(outcome);
  }

  void succeed() { probe(probe_outcome::success); }
  void fail() { probe(probe_outcome::failure); }

  /// Everything the checker said since the last call.
  void hear() {
    seen.clear();
    told.clear();
    suspicions.clear();
    auto more = true;
    self->receive_while(more)(
      [&](const probe_seen& x) { seen.push_back(x); },
      [&](const server_health& x) { told.push_back(x); },
      [&](const traffic_failed& x) { suspicions.push_back(x); },
      [&](const observe_backend&) { ++observed; },
      caf::after(0ms) >> [&] { more = false; });
  }

  probe_seen last_seen() {
    hear();
    CAF_REQUIRE(!seen.empty());
    return seen.back();
  }

  backend_settings settings;
  std::shared_ptr<server_live> live;
  scripted_prober prober;
  health_actor checker;
  std::vector<probe_seen> seen;
  std::vector<server_health> told;
  std::vector<traffic_failed> suspicions;
  size_t observed = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(health_checker_cluster_tests, fixture)

CAF_TEST(servers are announced and not probed before this node has a part) {
  hear();
  CAF_CHECK_EQUAL(observed, 1u);
  pass(10s, 100ms);
  CAF_CHECK_EQUAL(prober.started, 0u);
}

CAF_TEST(a part that begins up needs fall failures to say down) {
  begin(status::up);
  fail();
  fail();
  CAF_CHECK(!last_seen().complete);
  fail();
  const auto now = last_seen();
  CAF_CHECK(now.own == status::down);
  CAF_CHECK(now.complete);
  CAF_CHECK_EQUAL(now.evidence, "said so");
}

CAF_TEST(the router knows whether the own probes stand behind a status) {
  begin(status::up);
  hear();
  CAF_REQUIRE(!told.empty());
  CAF_CHECK(!told.back().probed);
  for (int i = 0; i < 3; ++i)
    fail();
  hear();
  CAF_REQUIRE(!told.empty());
  CAF_CHECK(told.back().probed);
  CAF_CHECK(told.back().own == status::down);
}

CAF_TEST(failing traffic is told to the peers and probed without a part) {
  tell(passive_report{"a1", failure_kind::connect, 5});
  hear();
  CAF_REQUIRE_EQUAL(suspicions.size(), 1u);
  CAF_CHECK_EQUAL(suspicions[0].failures, 5u);
  fail();
  CAF_CHECK(last_seen().own == status::down);
}

CAF_TEST(without a majority the router hears again what is so) {
  begin(status::up);
  succeed();
  succeed();
  hear();
  begin(status::up, true);
  hear();
  CAF_REQUIRE(!told.empty());
  CAF_CHECK(told.back().own == status::up);
}

CAF_TEST(two connect failures are enough for a veto when a peer suspects) {
  live->failed_connects.add();
  tell(peer_suspects{"a1"});
  CAF_CHECK_EQUAL(live->failed_connects.enough(5, sys.clock().now()), 2u);
  hear();
  CAF_CHECK(told.empty());
  live->failed_connects.add();
  tell(peer_suspects{"a1"});
  hear();
  CAF_REQUIRE(!told.empty());
  CAF_CHECK(told.back().vetoed);
  // The suspicion ends like an observation.
  pass(7s, 100ms);
  CAF_CHECK_EQUAL(live->failed_connects.enough(5, sys.clock().now()), 5u);
}

CAF_TEST(a hint of a peer makes one failed probe enough) {
  begin(status::up);
  succeed();
  succeed();
  pass(260ms);
  prober.calls.clear();
  tell(probe_now{"a1", true});
  CAF_REQUIRE_EQUAL(prober.calls.size(), 1u);
  finish(probe_outcome::failure);
  const auto now = last_seen();
  CAF_CHECK(now.own == status::down);
  CAF_CHECK(now.complete);
}

CAF_TEST(an unknown server in a hint or a part is ignored) {
  tell(probe_now{"a9", true});
  tell(probe_role{"a9", true, {}});
  pass(5s, 100ms);
  CAF_CHECK_EQUAL(prober.started, 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
