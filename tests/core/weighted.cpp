// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_weighted

#include "caf_test.hpp"

#include "core/balance.hpp"
#include "core/pool_fixture.hpp"

using namespace troupe;

namespace {

struct fixture : pool_fixture {
  std::unique_ptr<policy> picker = make_policy(algorithm::weighted, 0);
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(smooth_turns, fixture)

CAF_TEST(weights 5 1 1 spread the heavy server) {
  publish({{"a", 5}, {"b", 1}, {"c", 1}});
  CAF_CHECK_EQUAL(picks(*picker, 14), "aabacaaaabacaa");
}

CAF_TEST(equal weights are plain turns) {
  publish({{"a", 3}, {"b", 3}, {"c", 3}});
  CAF_CHECK_EQUAL(picks(*picker, 7), "abcabca");
}

CAF_TEST(every cycle has the exact shares) {
  publish({{"a", 1000}, {"b", 37}, {"c", 1}, {"d", 500}});
  for (auto cycle = 0; cycle < 3; ++cycle) {
    auto n = shares(*picker, 1538);
    CAF_CHECK_EQUAL(n["a"], 1000);
    CAF_CHECK_EQUAL(n["b"], 37);
    CAF_CHECK_EQUAL(n["c"], 1);
    CAF_CHECK_EQUAL(n["d"], 500);
  }
}

CAF_TEST(seeds begin at different places of the cycle) {
  publish({{"a"}, {"b"}, {"c"}});
  CAF_CHECK_EQUAL(pick(*make_policy(algorithm::weighted, 1)), "b");
  CAF_CHECK_EQUAL(pick(*make_policy(algorithm::weighted, 2)), "c");
}

CAF_TEST(a new snapshot does not start the cycle again) {
  for (auto i = 0; i < 3; ++i) {
    auto expected = std::string("aabacaa");
    for (auto name : expected) {
      publish({{"a", 5}, {"b", 1}, {"c", 1}});
      CAF_CHECK_EQUAL(pick(*picker), std::string(1, name));
    }
  }
}

CAF_TEST(a server on its own never stops) {
  publish({{"a", 1000}});
  CAF_CHECK_EQUAL(picks(*picker, 3), "aaa");
}

CAF_TEST(a full server gathers no claims while it is full) {
  publish({{"a"}, {"b", 1, 1}, {"c"}});
  lease taken{*live("b")};
  CAF_CHECK_EQUAL(share(*picker, 300, "b"), 0);
  taken.release();
  CAF_CHECK_EQUAL(share(*picker, 30, "b"), 10);
}

CAF_TEST(old debts shrink with the weights) {
  publish({{"a", 1000}, {"b", 1000}});
  pick(*picker); // a is now 1000 in debt
  publish({{"a", 1}, {"b", 1}});
  CAF_CHECK_EQUAL(share(*picker, 10, "a"), 5);
}

CAF_TEST(a newcomer does not get all the work) {
  publish({{"a", 2}, {"b", 2}});
  picks(*picker, 101);
  publish({{"a", 2}, {"b", 2}, {"c", 2}});
  auto n = shares(*picker, 30);
  CAF_CHECK(n["c"] >= 9 && n["c"] <= 11);
}

CAF_TEST_FIXTURE_SCOPE_END()
