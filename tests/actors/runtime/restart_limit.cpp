// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE actors_restart_limit
#include "caf_test.hpp"
#undef allow // CAF's test kit takes the word

#include "actors/runtime/restart_limit.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::actors;

CAF_TEST(five restarts in ten seconds are allowed and not six) {
  restart_limit limit;
  const auto start = clock::now();
  for (int n = 0; n < 5; ++n)
    CAF_CHECK(limit.allow(start + n * 2s));
  CAF_CHECK(!limit.allow(start + 10s));
}

CAF_TEST(restarts that come slowly are allowed for ever) {
  restart_limit limit;
  const auto start = clock::now();
  for (int n = 0; n < 100; ++n)
    CAF_CHECK(limit.allow(start + n * 2100ms));
}
