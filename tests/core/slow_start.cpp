// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_slow_start

#include "caf_test.hpp"

#include "core/balance.hpp"
#include "core/pool_fixture.hpp"

#include <algorithm>

using namespace troupe;

CAF_TEST_FIXTURE_SCOPE(slow_starts, pool_fixture)

CAF_TEST(
  every policy gives a server in slow start less and a full share later) {
  for (auto kind :
       {algorithm::round_robin, algorithm::weighted, algorithm::random}) {
    auto picker = make_policy(kind, 1);
    publish({{"a"}, {"b", 1, 0, 20}});
    const auto early = share(*picker, 12'000, "b");
    CAF_CHECK_GREATER(early, 1'700); // 2,000
    CAF_CHECK_LESS(early, 2'500);
    publish({{"a"}, {"b"}});
    const auto late = share(*picker, 12'000, "b");
    CAF_CHECK_GREATER(late, 5'700); // 6,000
    CAF_CHECK_LESS(late, 6'300);
  }
}

CAF_TEST(ip_hash hands clients back a part at a time) {
  auto picker = make_policy(algorithm::ip_hash, 1);
  const auto owned = [&] {
    std::vector<uint64_t> clients;
    for (uint64_t n = 0; n < 4'000; ++n)
      if (pick(*picker, stable_hash(std::to_string(n))) == "b")
        clients.push_back(n);
    return clients;
  };
  publish({{"a"}, {"b", 1, 0, 25}});
  const auto early = owned();
  publish({{"a"}, {"b"}});
  const auto late = owned();
  CAF_CHECK_GREATER(early.size(), 600u); // 800
  CAF_CHECK_LESS(early.size(), 1'000u);
  CAF_CHECK_GREATER(late.size(), 1'800u); // 2,000
  // Who has come back stays.
  CAF_CHECK(
    std::includes(late.begin(), late.end(), early.begin(), early.end()));
}

CAF_TEST_FIXTURE_SCOPE_END()
