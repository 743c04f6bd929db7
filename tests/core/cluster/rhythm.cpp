// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_rhythm

#include "core/cluster/rhythm.hpp"

#include "caf_test.hpp"

#include <set>
#include <string>

using namespace std::chrono_literals;
using namespace troupe;
using cluster::next_moment;

CAF_TEST(a moment lies behind now by one interval at most) {
  for (const auto interval : {500ms, 1'000ms, 3'000ms})
    for (time_point now{-2s}; now < time_point{9s}; now += 37ms) {
      const auto next = next_moment("lb1", now, interval);
      CAF_CHECK(next > now);
      CAF_CHECK(next <= now + interval);
      CAF_CHECK(next_moment("lb1", next, interval) == next + interval);
    }
}

CAF_TEST(what has a longer interval falls on moments of what has a shorter) {
  for (time_point now{0s}; now < time_point{9s}; now += 41ms) {
    const auto next = next_moment("lb1", now, 3'000ms);
    CAF_CHECK(next_moment("lb1", next - 1ms, 500ms) == next);
    CAF_CHECK(next_moment("lb1", next - 1ms, 1'000ms) == next);
  }
}

CAF_TEST(nodes have moments of their own) {
  std::set<time_point> moments;
  for (int n = 1; n <= 15; ++n)
    moments.insert(
      next_moment("lb" + std::to_string(n), time_point{10s}, 500ms));
  CAF_CHECK(moments.size() > 12);
}
