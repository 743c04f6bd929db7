// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_health_checks

#include "caf_test.hpp"

#include "core/health/checks.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace troupe::checks {

namespace {

/// A driver whose probes end when and how the test says.
struct driver {
  explicit driver(bool clustered, size_t servers = 1) : m(7, clustered) {
    for (size_t i = 1; i <= servers; ++i)
      given.targets.push_back(
        {"a" + std::to_string(i),
         *endpoint::parse("127.0.0.1:800" + std::to_string(i))});
    give(given);
  }

  void give(const input& in) {
    for (auto& x : m.step(in, now))
      std::visit([this](auto& what) { perform(what); }, x);
  }

  void perform(probe& x) {
    probes.push_back(x);
    armed.reset();
  }
  void perform(arm& x) { armed = x; }
  void perform(server_health& x) { told.push_back(x); }
  void perform(address_found& x) { found.push_back(x.address.to_string()); }
  void perform(probed& x) { seen.push_back(x); }
  void perform(traffic_fails& x) { suspicions.push_back(x.failures); }
  void perform(suspect_until& x) { suspected_until = x.until; }
  void perform(event& x) { events.push_back(x.text); }

  /// The last timer rings. @returns how long it took.
  milliseconds ring() {
    CAF_REQUIRE(armed.has_value());
    const auto x = *std::exchange(armed, {});
    now += x.delay;
    give(check_due{x.server, x.ticket});
    return x.delay;
  }

  /// The probe under way ends, or the next one that is due.
  void end(probe_ended how) {
    if (probes.empty())
      ring();
    CAF_REQUIRE_EQUAL(probes.size(), 1u);
    how.server = probes[0].server;
    how.ticket = probes[0].ticket;
    probes.clear();
    give(how);
  }

  void succeed(int times = 1) {
    while (times-- > 0)
      end({.outcome = probe_outcome::success});
  }
  void fail(int times = 1) {
    while (times-- > 0)
      end({.detail = "connection refused"});
  }

  void begin(std::optional<status> from = {}, bool alone = false) {
    give(probe_role{"a1", true, from, alone});
  }
  void lose_part() { give(probe_role{"a1", false, {}}); }
  void lose_majority(status verdict) { begin(verdict, true); }
  void fail_connects() { give(passive_report{"a1", failure_kind::connect, 5}); }

  server_health last() const {
    CAF_REQUIRE(!told.empty());
    return told.back();
  }
  bool is_probing() const { return armed || !probes.empty(); }

  machine m;
  time_point now{1h};
  targets_changed given;
  std::vector<probe> probes; ///< under way
  std::optional<arm> armed;
  std::vector<server_health> told;
  std::vector<std::string> found;
  std::vector<probed> seen;
  std::vector<unsigned> suspicions;
  std::vector<std::string> events;
  time_point suspected_until{};
};

struct alone : driver {
  alone() : driver(false) {}
};

struct clustered : driver {
  clustered() : driver(true) {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(health_checks_alone, alone)

CAF_TEST(a first probe comes within 100 ms and its success is told) {
  CAF_CHECK(ring() <= 100ms);
  CAF_CHECK(told.empty());
  succeed();
  CAF_CHECK((told == std::vector<server_health>{{"a1", status::up}}));
}

CAF_TEST(what an older probe or timer answers counts for nothing) {
  ring();
  const auto late = probes[0];
  probes.clear();
  given.check.timeout = 700ms;
  given.check.path = "/other";
  give(given);
  give(probe_ended{"a1", late.ticket});
  CAF_CHECK(seen.empty());
  const auto timer = *armed;
  fail();
  give(check_due{"a1", timer.ticket});
  CAF_CHECK(probes.empty());
}

CAF_TEST(in maint nothing is probed and afterwards within 100 ms) {
  given.targets[0].admin = admin_state::maint;
  armed.reset();
  give(given);
  CAF_CHECK(!is_probing());
  given.targets[0].admin = admin_state::ready;
  give(given);
  CAF_CHECK(ring() <= 100ms);
}

CAF_TEST(rule 12 whoever asks anew is told what is so) {
  succeed();
  fail_connects();
  told.clear();
  give(given);
  CAF_CHECK(told.empty());
  given.restated = true;
  give(given);
  CAF_CHECK((told == std::vector<server_health>{{"a1", status::up, true}}));
}

CAF_TEST(rule 13 failed connects veto until rise successes in a row) {
  succeed();
  now += 300ms;
  fail_connects();
  CAF_CHECK(last().vetoed);
  CAF_CHECK(suspicions == std::vector{5u});
  CAF_CHECK_EQUAL(probes.size(), 1u);
  succeed();
  CAF_CHECK(last().vetoed);
  CAF_CHECK(armed->delay <= 550ms);
  succeed();
  CAF_CHECK(!last().vetoed);
}

CAF_TEST(rule 13 one failed probe confirms a veto) {
  succeed();
  fail_connects();
  fail();
  CAF_CHECK(last() == (server_health{"a1", status::down, true}));
  // The status returns with the veto, and not before.
  succeed();
  CAF_CHECK(last().vetoed);
  succeed();
  CAF_CHECK(last() == (server_health{"a1", status::up}));
}

CAF_TEST(rule 13 this hosts own trouble is no evidence) {
  ring();
  for (int i = 0; i < 5; ++i) {
    end({.local_error = true, .detail = "too many open files"});
    CAF_CHECK(armed->delay <= 550ms);
  }
  CAF_CHECK(seen.empty());
  CAF_CHECK(told.empty());
  CAF_CHECK_EQUAL(events.size(), 1u);
}

CAF_TEST(rule 13 of several addresses the one that works is found) {
  given.targets[0].by_name = true;
  given.targets[0].others = {*endpoint::parse("127.0.0.1:9001"),
                             *endpoint::parse("127.0.0.1:9002")};
  give(given);
  fail();
  CAF_CHECK_EQUAL(probes.at(0).address.port(), 9001u);
  fail();
  succeed();
  CAF_CHECK(found == std::vector<std::string>{"127.0.0.1:9002"});
  CAF_CHECK(last().own == status::up);
  fail(3);
  CAF_CHECK_EQUAL(found.back(), "");
  CAF_CHECK_EQUAL(seen.size(), 2u);
}

CAF_TEST(rule 14 reports start at most one extra probe in 250 ms) {
  succeed();
  fail_connects();
  CAF_CHECK(probes.empty());
  CAF_CHECK(armed->delay == 250ms);
}

CAF_TEST(rule 16 a failure that this process slept through counts for nothing) {
  succeed();
  ring();
  now += given.check.timeout + 2s + 1ms;
  end({.outcome = probe_outcome::timeout});
  CAF_CHECK_EQUAL(seen.size(), 1u);
  CAF_CHECK(armed->delay <= 550ms);
  ring();
  now += 1h;
  succeed(); // what was reached was reached
  CAF_CHECK_EQUAL(seen.size(), 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(rule 13 without an active check failures eject for the cooldown) {
  driver x{false, 2};
  x.given.check.enabled = false;
  x.give(x.given);
  x.fail_connects();
  CAF_CHECK(x.last() == (server_health{"a1", status::up, false, true}));
  CAF_CHECK(x.suspicions.empty());
  x.give(passive_report{"a2", failure_kind::response, 5});
  CAF_CHECK_EQUAL(x.last().server, "a1"); // a2 is the last one standing
  CAF_CHECK(x.ring() == 30s);
  CAF_CHECK(!x.last().ejected);
}

CAF_TEST_FIXTURE_SCOPE(health_checks_clustered, clustered)

CAF_TEST(rule 9 what is not this nodes part is not probed) {
  CAF_CHECK(!is_probing());
  begin();
  CAF_CHECK(is_probing());
  succeed();
  armed.reset();
  lose_part();
  CAF_CHECK(!is_probing());
}

CAF_TEST(rule 11 a part begins from the verdict and counts after rise) {
  begin(status::down);
  CAF_CHECK(last() == (server_health{"a1", status::down}));
  CAF_CHECK(ring() <= 550ms);
  succeed();
  CAF_CHECK(!seen.back().complete);
  CAF_CHECK(armed->delay <= 550ms);
  succeed();
  CAF_CHECK(seen.back().complete);
  CAF_CHECK((last() == server_health{"a1", status::up, false, false, true}));
}

CAF_TEST(rule 11 a part that begins up counts after fall failures) {
  begin(status::up);
  fail(2);
  CAF_CHECK(!seen.back().complete);
  fail();
  CAF_CHECK(seen.back().complete);
  CAF_CHECK(seen.back().own == status::down);
}

CAF_TEST(rule 11 probes of an earlier part are no vote in the next one) {
  begin(status::up);
  succeed(2);
  CAF_CHECK(last().probed);
  lose_part();
  CAF_CHECK(!last().probed);
  begin(); // no verdict to begin from
  succeed();
  CAF_CHECK(!seen.back().complete);
  succeed();
  CAF_CHECK(seen.back().complete);
}

CAF_TEST(rule 13 what a node cannot reach it avoids without its part) {
  begin(status::up);
  fail(3);
  lose_part();
  CAF_CHECK(last().vetoed);
  CAF_CHECK(!last().probed);
  succeed(2);
  CAF_CHECK(!last().vetoed);
  CAF_CHECK(!armed.has_value());
}

CAF_TEST(rule 13 two failed connects are enough while a peer suspects) {
  begin(status::up);
  give(suspected{"a1", 1});
  CAF_CHECK(suspected_until == now + 7s); // as long as an observation
  CAF_CHECK(!last().vetoed);
  give(suspected{"a1", 2});
  CAF_CHECK(last().vetoed);
}

CAF_TEST(rule 14 with a peers suspicion one failed probe is a vote) {
  begin(status::up);
  succeed(2);
  now += 250ms;
  give(probe_now{"a1", true});
  fail();
  CAF_CHECK(seen.back().own == status::down);
  CAF_CHECK(seen.back().complete);
}

CAF_TEST(rule 14 a hint for what is not this nodes part is one probe) {
  give(probe_now{"a1", true});
  succeed();
  CAF_CHECK(!is_probing());
}

CAF_TEST(rule 15 without a majority a server begins as it was) {
  begin(status::up);
  succeed(2);
  told.clear();
  lose_majority(status::up);
  // The router goes by a conclusion of its own until it hears.
  CAF_CHECK((told == std::vector<server_health>{{"a1", status::up}}));
  fail(2);
  CAF_CHECK(last().own == status::up);
  fail();
  CAF_CHECK(last().own == status::down);
}

CAF_TEST(rule 15 what a node vetoes begins down) {
  begin(status::up);
  succeed(2);
  fail_connects();
  lose_majority(status::up);
  CAF_CHECK(last() == (server_health{"a1", status::down, true}));
  succeed(2);
  CAF_CHECK(last() == (server_health{"a1", status::up, false, false, true}));
}

CAF_TEST(rule 15 what its own probes found down begins down) {
  begin(status::up);
  fail(3);
  lose_majority(status::up);
  CAF_CHECK(last().own == status::down);
  begin(status::up); // the majority is back, and says otherwise
  CAF_CHECK(last().own == status::up);
}

CAF_TEST(rule 15 what probes found without a part is old when it is alone) {
  // Ejected, so probed, and down to these probes.
  given.targets.push_back({"a2", *endpoint::parse("127.0.0.1:8002")});
  give(given);
  give(passive_report{"a1", failure_kind::response, 5});
  fail();
  CAF_CHECK(last() == (server_health{"a1", status::down, false, true}));
  now += 31s; // the cooldown ends, and nobody looks any more
  succeed();
  CAF_CHECK(last() == (server_health{"a1", status::down}));
  CAF_CHECK(!is_probing());
  now += 1h;
  lose_majority(status::up);
  CAF_CHECK(last() == (server_health{"a1", status::up}));
}

CAF_TEST(an unknown server is nobodys) {
  give(probe_role{"a9", true, {}});
  give(probe_now{"a9", true});
  give(suspected{"a9", 9});
  give(passive_report{"a9", failure_kind::connect, 9});
  give(check_due{"a9", 1});
  give(probe_ended{"a9", 1});
  CAF_CHECK(!is_probing());
  CAF_CHECK(told.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::checks
