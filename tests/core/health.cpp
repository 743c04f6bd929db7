// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_health

#include "caf_test.hpp"

#include "core/health.hpp"

#include <algorithm>
#include <initializer_list>

using namespace troupe;
using namespace std::literals;

namespace {

constexpr auto good = probe_outcome::success;
constexpr auto bad = probe_outcome::failure;
constexpr auto late = probe_outcome::timeout;
constexpr time_point start{1h};

struct fixture {
  health state{.confirmed = true};
  health_limits limits{.rise = 2, .fall = 3};
  time_point now = start;

  status after(std::initializer_list<probe_outcome> outcomes) {
    for (auto outcome : outcomes)
      state = apply(state, outcome, limits, now += 1s);
    return state.status;
  }
};

check_settings checked_every(milliseconds interval) {
  check_settings result;
  result.interval = interval;
  return result;
}

ejection ejected_times(int n, const passive_settings& passive) {
  ejection result;
  for (auto now = start; n > 0; --n) {
    result = eject(result, passive, now);
    now = result.until;
    result = settle(result, false, false, now);
  }
  return result;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(transitions, fixture)

CAF_TEST(the third failure in a row and not the second marks it down) {
  CAF_CHECK(after({bad, bad}) == status::up);
  CAF_CHECK(state.since == time_point{});
  CAF_CHECK(after({bad}) == status::down);
  CAF_CHECK(state.since == now);
}

CAF_TEST(a timeout is a failure) {
  CAF_CHECK(after({late, bad, late}) == status::down);
}

CAF_TEST(a success restarts the count of failures) {
  CAF_CHECK(after({bad, bad, good, bad, bad}) == status::up);
  CAF_CHECK(after({bad}) == status::down);
}

CAF_TEST(the second success in a row and not the first marks it up) {
  after({bad, bad, bad});
  auto went_down = now;
  CAF_CHECK(after({good, bad, good}) == status::down);
  CAF_CHECK(state.since == went_down);
  CAF_CHECK(after({good}) == status::up);
  CAF_CHECK(state.since == now);
}

CAF_TEST(a server that came back gets its full count of failures again) {
  after({bad, bad, bad, good, good});
  CAF_CHECK(after({bad, bad}) == status::up);
}

CAF_TEST(one failure is enough before the first success) {
  state = {};
  CAF_CHECK(after({bad}) == status::down);
  CAF_CHECK(state.confirmed);
}

CAF_TEST(after the first success one failure is no longer enough) {
  state = {};
  CAF_CHECK(after({good, bad, bad}) == status::up);
  CAF_CHECK(state.confirmed);
  CAF_CHECK(state.since == time_point{});
}

CAF_TEST(a server taken over as down needs its full rise) {
  state = {.status = status::down};
  CAF_CHECK(after({good}) == status::down);
  CAF_CHECK(after({good}) == status::up);
}

CAF_TEST(limits of one flip at every change) {
  limits = {1, 1};
  CAF_CHECK(after({bad}) == status::down);
  CAF_CHECK(after({good}) == status::up);
}

CAF_TEST(outcomes that confirm a state change nothing) {
  after({good});
  auto before = state;
  CAF_CHECK(after({good, good}) == status::up);
  CAF_CHECK(state == before);
  after({bad, bad, bad});
  before = state;
  CAF_CHECK(after({bad, late}) == status::down);
  CAF_CHECK(state == before);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(probes come faster while something changes) {
  auto check = checked_every(2s);
  CAF_CHECK(probe_interval({}, check) == 500ms);
  CAF_CHECK(probe_interval({.confirmed = true}, check) == 2s);
  CAF_CHECK(probe_interval({.confirmed = true, .failures = 1}, check) == 500ms);
  health down{.status = status::down, .confirmed = true};
  CAF_CHECK(probe_interval(down, check) == 5s);
  down.successes = 1;
  CAF_CHECK(probe_interval(down, check) == 500ms);
}

CAF_TEST(a configured interval stretches and shortens the defaults) {
  health down{.status = status::down, .confirmed = true};
  CAF_CHECK(probe_interval(down, checked_every(20s)) == 20s);
  CAF_CHECK(probe_interval(down, checked_every(501ms)) == 5s);
  CAF_CHECK(probe_interval(down, checked_every(100ms)) == 100ms);
  CAF_CHECK(probe_interval({}, checked_every(100ms)) == 100ms);
  CAF_CHECK(probe_interval({}, checked_every(20s)) == 500ms);
}

CAF_TEST(jitter stays within a tenth and reaches both ends) {
  for (auto base : {1ms, 9ms, 500ms, 2000ms, 3'600'000ms}) {
    CAF_CHECK(jittered(base, 0) == base - base / 10);
    CAF_CHECK(jittered(base, UINT32_MAX) == base + base / 10);
    CAF_CHECK(jittered(base, 1u << 31) == base);
    for (uint32_t random = 1; random < 1u << 31; random *= 7) {
      CAF_CHECK(jittered(base, random) >= base - base / 10);
      CAF_CHECK(jittered(base, random) <= base + base / 10);
    }
  }
  CAF_CHECK(jittered(0ms, UINT32_MAX) == 0ms);
}

CAF_TEST(each ejection lasts one cooldown longer) {
  passive_settings passive;
  auto x = eject({}, passive, start);
  CAF_CHECK(x == (ejection{true, 1, start + 30s}));
  x = settle(x, false, false, x.until);
  auto again = x.until + 1s;
  CAF_CHECK(eject(x, passive, again) == (ejection{true, 2, again + 60s}));
}

CAF_TEST(an ejection lasts 300 seconds at most) {
  passive_settings passive;
  CAF_CHECK_EQUAL(ejected_times(50, passive).count, 10u);
  auto x = ejected_times(50, passive);
  CAF_CHECK(eject(x, passive, x.until).until == x.until + 300s);
  passive.cooldown = 70s;
  x = ejected_times(9, passive);
  CAF_CHECK(eject(x, passive, x.until).until == x.until + 300s);
  passive.cooldown = 1h;
  CAF_CHECK(eject({}, passive, start).until == start + 300s);
}

CAF_TEST(an ejected server is not ejected again) {
  passive_settings passive;
  auto x = eject({}, passive, start);
  CAF_CHECK(eject(x, passive, start + 1s) == x);
  CAF_CHECK(eject(x, passive, start + 1h) == x);
}

CAF_TEST(each cooldown without an ejection forgives one) {
  passive_settings passive;
  auto x = ejected_times(4, passive);
  CAF_CHECK_EQUAL(eject(x, passive, x.until + 29s).count, 5u);
  CAF_CHECK_EQUAL(eject(x, passive, x.until + 30s).count, 4u);
  CAF_CHECK_EQUAL(eject(x, passive, x.until + 119s).count, 2u);
  CAF_CHECK_EQUAL(eject(x, passive, x.until + 120s).count, 1u);
  CAF_CHECK_EQUAL(eject(x, passive, x.until + 24h).count, 1u);
}

CAF_TEST(a cooldown of nothing ejects for no time) {
  passive_settings passive;
  passive.cooldown = 0ms;
  auto x = eject({}, passive, start);
  CAF_CHECK(x.until == start);
  CAF_CHECK(!settle(x, false, false, start).ejected);
}

CAF_TEST(a server stays out until its cooldown ends) {
  auto x = eject({}, {}, start);
  CAF_CHECK(settle(x, false, true, x.until - 1ns) == x);
  CAF_CHECK(settle(x, true, true, x.until - 1ns) == x);
  auto returned = settle(x, false, false, x.until);
  CAF_CHECK(returned == (ejection{false, 1, x.until}));
}

CAF_TEST(a server with an active check must pass a probe to return ) {
  auto x = eject({}, {}, start);
  CAF_CHECK(settle(x, true, false, x.until + 1h) == x);
  CAF_CHECK(!settle(x, true, true, x.until).ejected);
}

CAF_TEST(settling a server that is not ejected changes nothing) {
  ejection x{false, 3, start};
  CAF_CHECK(settle(x, true, true, start + 1h) == x);
}
