// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_recent_peak
#include "caf_test.hpp"

#include "core/recent_peak.hpp"

#include <deque>
#include <utility>

using namespace std::chrono_literals;
using namespace troupe;

namespace {

struct fixture {
  time_point now = time_point{} + 1h;
  recent_peak peak;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(recent_peak_tests, fixture)

CAF_TEST(nothing was noted is a peak of zero) {
  CAF_CHECK_EQUAL(peak.value(now), 0u);
}

CAF_TEST(
  the highest of the last ten seconds counts and none older than fifteen) {
  std::deque<std::pair<time_point, uint32_t>> noted;
  uint32_t seed = 7;
  for (auto at = now; at < now + 120s; at += 170ms) {
    seed = seed * 1'664'525 + 1'013'904'223;
    const uint32_t count = seed >> 28 == 0 ? seed >> 24 : 1;
    peak.note(count, at);
    noted.emplace_back(at, count);
    uint32_t surely = 0;
    uint32_t perhaps = 0;
    for (const auto& [then, seen] : noted) {
      if (at - then <= 10s)
        surely = std::max(surely, seen);
      if (at - then <= 15s)
        perhaps = std::max(perhaps, seen);
    }
    const auto value = peak.value(at);
    CAF_REQUIRE(value >= surely && value <= perhaps);
  }
}

CAF_TEST(a peak is forgotten however long nobody asks) {
  peak.note(9, now);
  CAF_CHECK_EQUAL(peak.value(now + 9s), 9u);
  CAF_CHECK_EQUAL(peak.value(now + 1h), 0u);
  peak.note(2, now + 2h);
  CAF_CHECK_EQUAL(peak.value(now + 2h), 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()
