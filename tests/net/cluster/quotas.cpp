// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_quotas

#include "caf_test.hpp"
#include "net/cluster/alias_pool.hpp"
#include "net/cluster/handshake_quota.hpp"
#include "net/cluster/refusal_limit.hpp"

#include <set>

using namespace troupe::net::cluster;
using namespace std::chrono_literals;

namespace {

struct fixture {
  troupe::time_point now{1h};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cluster_quotas_tests, fixture)

CAF_TEST(one source cannot take all handshakes) {
  handshake_quota quota{4, 2};
  CAF_CHECK(quota.enter("a"));
  CAF_CHECK(quota.enter("a"));
  CAF_CHECK(!quota.enter("a"));
  CAF_CHECK(quota.enter("b"));
  CAF_CHECK(quota.enter("c"));
  CAF_CHECK(!quota.enter("d"));
  quota.leave("a");
  CAF_CHECK(quota.enter("d"));
  CAF_CHECK_EQUAL(quota.total(), 4u);
}

CAF_TEST(refusals are told once a minute and then with their number) {
  refusal_limit limit;
  CAF_CHECK(limit.note("a", now) == 0u);
  for (int n = 0; n < 7; ++n)
    CAF_CHECK(!limit.note("a", now + 59s));
  CAF_CHECK(limit.note("b", now + 59s) == 0u);
  CAF_CHECK(limit.note("a", now + 60s) == 7u);
  CAF_CHECK(limit.note("a", now + 120s) == 0u);
}

CAF_TEST(sources without end take no memory without end) {
  refusal_limit limit;
  size_t told = 0;
  for (int n = 0; n < 50'000; ++n)
    told += limit.note(std::to_string(n), now).has_value() ? 1 : 0;
  CAF_CHECK(limit.size() <= refusal_limit::sources_max + 1);
  CAF_CHECK(told <= refusal_limit::sources_max + 1);
  // A minute later there is room again.
  CAF_CHECK(limit.note("new", now + 60s) == 0u);
  CAF_CHECK(limit.size() < 10);
}

CAF_TEST(aliases rest before they are used again) {
  alias_pool pool;
  const auto first = pool.take(now);
  const auto second = pool.take(now);
  CAF_REQUIRE(first && second);
  CAF_CHECK(!(*first == *second));
  pool.give_back(*first, now);
  CAF_CHECK(!(*pool.take(now + 9s) == *first));
  CAF_CHECK(*pool.take(now + 10s) == *first);
  CAF_CHECK_EQUAL(pool.made(), 3u);
}

CAF_TEST(there is an end to aliases) {
  alias_pool pool;
  for (size_t n = 0; n < alias_pool::aliases_max; ++n)
    pool.give_back(*pool.take(now), now);
  CAF_CHECK(!pool.take(now));
  CAF_CHECK(pool.take(now + 10s));
}

CAF_TEST_FIXTURE_SCOPE_END()
