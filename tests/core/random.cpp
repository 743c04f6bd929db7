// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_random

#include "caf_test.hpp"

#include "core/balance.hpp"
#include "core/pool_fixture.hpp"

#include <algorithm>
#include <cmath>

using namespace troupe;

namespace {

/// True if `hits` of `n` is within five standard deviations of what
/// `probability` promises.
bool plausible(int hits, int n, double probability) {
  auto deviation = std::sqrt(n * probability * (1 - probability));
  return std::abs(hits - n * probability) <= 5 * deviation + 1;
}

constexpr auto draws = 50'000;

} // namespace

CAF_TEST_FIXTURE_SCOPE(draws_by_weight, pool_fixture)

CAF_TEST(servers are drawn as often as their weights say) {
  publish({{"a", 6}, {"b", 3}, {"c", 1}});
  auto picker = make_policy(algorithm::random, 1);
  auto n = shares(*picker, draws);
  CAF_CHECK(plausible(n["a"], draws, .6));
  CAF_CHECK(plausible(n["b"], draws, .3));
  CAF_CHECK(plausible(n["c"], draws, .1));
}

CAF_TEST(the shares of the rest are exact when the heaviest is full) {
  publish({{"a", 1000, 1}, {"b", 2}, {"c", 1}});
  lease taken{*live("a")};
  auto picker = make_policy(algorithm::random, 1);
  auto n = shares(*picker, draws);
  CAF_CHECK_EQUAL(n["a"], 0);
  CAF_CHECK(plausible(n["b"], draws, 2. / 3));
}

CAF_TEST(neighbouring seeds draw differently) {
  publish({{"a"}, {"b"}, {"c"}, {"d"}});
  auto first = picks(*make_policy(algorithm::random, 1), 40);
  CAF_CHECK(first != picks(*make_policy(algorithm::random, 2), 40));
  CAF_CHECK_EQUAL(first, picks(*make_policy(algorithm::random, 1), 40));
}

CAF_TEST(two choices take the one with less to do) {
  publish({{"a"}, {"b"}});
  lease busy{*live("a")};
  auto picker = make_policy(algorithm::p2c, 1);
  CAF_CHECK_EQUAL(picks(*picker, 20), std::string(20, 'b'));
}

CAF_TEST(two choices never take the busiest of three) {
  publish({{"a"}, {"b"}, {"c"}});
  lease busy{*live("b")};
  auto picker = make_policy(algorithm::p2c, 1);
  CAF_CHECK_EQUAL(share(*picker, 1'000, "b"), 0);
}

CAF_TEST(two choices compare by weight) {
  publish({{"a", 4}, {"b", 1}});
  std::vector<lease> leases;
  for (auto i = 0; i < 3; ++i)
    leases.emplace_back(*live("a"));
  leases.emplace_back(*live("b"));
  auto picker = make_policy(algorithm::p2c, 1);
  CAF_CHECK_EQUAL(share(*picker, 100, "a"), 100); // 3/4 against 1/1
  leases.emplace_back(*live("a"));
  leases.emplace_back(*live("a"));
  CAF_CHECK_EQUAL(share(*picker, 100, "b"), 100); // 5/4 against 1/1
}

CAF_TEST(an idle pool is drawn by weight by two choices) {
  publish({{"a", 6}, {"b", 3}, {"c", 1}});
  auto picker = make_policy(algorithm::p2c, 1);
  auto n = shares(*picker, draws);
  CAF_CHECK(plausible(n["a"], draws, .6));
  CAF_CHECK(plausible(n["c"], draws, .1));
}

CAF_TEST(two choices keep a pool far more even than one) {
  std::vector<member> members;
  for (auto i = 0; i < 100; ++i)
    members.push_back({"s" + std::to_string(i)});
  publish(members);
  auto spread = [&](algorithm kind) {
    auto picker = make_policy(kind, 1);
    std::vector<lease> leases;
    for (auto i = 0; i < 10'000; ++i)
      leases.emplace_back(*snapshot.servers[picker->pick(snapshot, {})].live);
    uint32_t most = 0;
    for (const auto& server : snapshot.servers)
      most = std::max<uint32_t>(most, server.live->in_flight);
    return most;
  };
  CAF_CHECK(spread(algorithm::p2c) <= 104);
  CAF_CHECK(spread(algorithm::random) >= 115);
}

CAF_TEST_FIXTURE_SCOPE_END()
