// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_least_connections

#include "caf_test.hpp"

#include "core/balance.hpp"
#include "core/pool_fixture.hpp"

using namespace troupe;

namespace {

struct fixture : pool_fixture {
  std::unique_ptr<policy> picker = make_policy(algorithm::least_connections, 0);
  std::vector<lease> leases;

  void occupy(const std::string& name, int n) {
    for (; n > 0; --n)
      leases.emplace_back(*live(name));
  }

  void fill(int n) {
    for (; n > 0; --n)
      leases.emplace_back(*snapshot.servers[picker->pick(snapshot, {})].live);
  }

  uint32_t load(const std::string& name) { return live(name)->in_flight; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(least, fixture)

CAF_TEST(the server with the fewest requests is picked) {
  publish({{"a"}, {"b"}, {"c"}});
  occupy("a", 3);
  occupy("b", 1);
  occupy("c", 2);
  CAF_CHECK_EQUAL(picks(*picker, 3), "bbb");
}

CAF_TEST(an idle pool takes turns) {
  publish({{"a"}, {"b"}, {"c"}});
  CAF_CHECK_EQUAL(picks(*picker, 6), "abcabc");
}

CAF_TEST(equally busy servers take turns too) {
  publish({{"a"}, {"b"}, {"c"}, {"d"}});
  for (auto name : {"a", "b", "c"})
    occupy(name, 2);
  occupy("d", 3);
  CAF_CHECK_EQUAL(picks(*picker, 6), "abcabc");
}

CAF_TEST(seeds begin at different servers) {
  publish({{"a"}, {"b"}, {"c"}});
  CAF_CHECK_EQUAL(pick(*make_policy(algorithm::least_connections, 1)), "b");
}

CAF_TEST(a new snapshot goes on with the next server) {
  publish({{"a"}, {"b"}, {"c"}});
  pick(*picker);
  publish({{"a"}, {"b"}, {"c"}});
  CAF_CHECK_EQUAL(pick(*picker), "b");
}

CAF_TEST(requests under way settle in proportion to the weights) {
  publish({{"a", 5}, {"b", 3}, {"c", 2}});
  for (auto tens = 1u; tens <= 20; ++tens) {
    fill(10);
    CAF_CHECK_EQUAL(load("a"), tens * 5);
    CAF_CHECK_EQUAL(load("b"), tens * 3);
    CAF_CHECK_EQUAL(load("c"), tens * 2);
  }
}

CAF_TEST(an idle pool shares by weight and starves nobody) {
  publish({{"a", 5}, {"b", 1}, {"c", 1}});
  CAF_CHECK_EQUAL(picks(*picker, 7), "aabacaa");
}

CAF_TEST(large loads and weights compare without overflow) {
  publish({{"a", 1000}, {"b", 1}});
  live("a")->in_flight = 4'000'000'000u;
  live("b")->in_flight = 4'000'001u;
  CAF_CHECK_EQUAL(pick(*picker), "a");
  live("b")->in_flight = 3'999'999u;
  CAF_CHECK_EQUAL(pick(*picker), "b");
  live("a")->in_flight = 0;
  live("b")->in_flight = 0;
}

CAF_TEST(all that was taken comes back) {
  publish({{"a", 3}, {"b", 1, 4}});
  fill(30);
  CAF_CHECK_EQUAL(load("a") + load("b"), 30u);
  CAF_CHECK(load("b") <= 4);
  leases.clear();
  CAF_CHECK_EQUAL(load("a") + load("b"), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
