// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_body_pace
#include "caf_test.hpp"

#include "net/proxy/body_pace.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture {
  /// So long nothing comes that is awaited.
  void silence(clock::duration time) {
    pace.await(now);
    now += time;
    pace.stop(now);
  }

  body_pace pace;
  time_point now = clock::now();
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(body_pace_tests, fixture)

CAF_TEST(whoever sends at the rate is never behind for longer than a moment) {
  for (int n = 0; n < 1000; ++n) {
    silence(1s);
    CAF_CHECK(pace.behind() == 1s);
    pace.came(512, 512);
  }
  CAF_CHECK(pace.behind() == 0s);
  CAF_CHECK(pace.waited() == 1000s);
}

CAF_TEST(whoever trickles falls behind by nearly all of the time) {
  for (int n = 0; n < 60; ++n) {
    silence(1s);
    pace.came(1, 512);
  }
  CAF_CHECK(pace.behind() > 59s);
}

CAF_TEST(a burst gives no leave to trickle) {
  silence(1s);
  pace.came(1u << 30, 512);
  silence(10s);
  CAF_CHECK(pace.behind() == 10s);
}

CAF_TEST(a pause is made up for by what comes next) {
  silence(50s);
  silence(1s);
  pace.came(40 * 512, 512);
  CAF_CHECK(pace.behind() == 11s);
}

CAF_TEST(the clock stands still while nothing is awaited) {
  silence(2s);
  now += 1h;
  silence(3s);
  CAF_CHECK(pace.behind() == 5s);
  CAF_CHECK(pace.waited() == 5s);
}

CAF_TEST(a wait begins once) {
  CAF_CHECK(pace.await(now));
  CAF_CHECK(!pace.await(now + 1s));
  pace.stop(now + 2s);
  pace.stop(now + 9s);
  CAF_CHECK(pace.waited() == 2s);
}

CAF_TEST(without a rate nobody is behind) {
  silence(100s);
  pace.came(1, 0);
  CAF_CHECK(pace.behind() == 0s);
  CAF_CHECK(pace.waited() == 100s);
}

CAF_TEST_FIXTURE_SCOPE_END()
