// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_balance

#include "caf_test.hpp"

#include "core/balance.hpp"
#include "core/pool_fixture.hpp"

#include <algorithm>
#include <set>

using namespace troupe;

// What every policy promises, whatever its way to choose.

namespace {

constexpr algorithm all[] = {
  algorithm::round_robin, algorithm::weighted, algorithm::least_connections,
  algorithm::ip_hash,     algorithm::random,   algorithm::p2c,
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(every_policy, pool_fixture)

CAF_TEST(an empty pool yields no server) {
  for (auto kind : all) {
    auto picker = make_policy(kind, 1);
    publish({});
    CAF_CHECK_EQUAL(pick(*picker), "none");
    publish({{"a"}});
    snapshot.usable.clear();
    CAF_CHECK_EQUAL(pick(*picker), "none");
  }
}

CAF_TEST(only usable servers are picked) {
  for (auto kind : all) {
    publish({{"a"}, {"b", 1000}, {"c"}, {"d", 1000}});
    snapshot.usable = {0, 2};
    auto picker = make_policy(kind, 1);
    for (uint64_t i = 0; i < 200; ++i) {
      auto name = pick(*picker, avalanche(i));
      CAF_CHECK(name == "a" || name == "c");
    }
  }
}

CAF_TEST(a full server is passed over and taken again when it has room) {
  for (auto kind : all)
    for (auto weight : {1u, 7u}) {
      publish({{"a", weight, 2}, {"b", 1, 1}});
      auto picker = make_policy(kind, 3);
      std::vector<lease> leases;
      leases.emplace_back(*live("a"));
      leases.emplace_back(*live("a"));
      for (uint64_t i = 0; i < 50; ++i)
        CAF_CHECK_EQUAL(pick(*picker, avalanche(i)), "b");
      leases.emplace_back(*live("b"));
      CAF_CHECK_EQUAL(pick(*picker), "none");
      leases.front().release();
      for (uint64_t i = 0; i < 50; ++i)
        CAF_CHECK_EQUAL(pick(*picker, avalanche(i)), "a");
    }
}

CAF_TEST(a server to avoid is passed over for this pick only) {
  for (auto kind : all)
    for (auto weight : {1u, 50u}) {
      publish({{"a"}, {"b", weight}, {"c"}});
      auto picker = make_policy(kind, 3);
      for (uint64_t i = 0; i < 100; ++i)
        CAF_CHECK(pick(*picker, avalanche(i), {1}) != "b");
      for (uint64_t i = 0; i < 100; ++i)
        CAF_CHECK_EQUAL(pick(*picker, avalanche(i), {1, 2, 1}), "a");
      std::set<std::string> seen;
      for (uint64_t i = 0; i < 2'000; ++i)
        seen.insert(pick(*picker, avalanche(i)));
      CAF_CHECK_EQUAL(seen.size(), 3u);
    }
}

CAF_TEST(servers to avoid are taken again if nothing else is usable) {
  for (auto kind : all) {
    publish({{"a"}, {"b", 2}, {"c"}});
    snapshot.usable = {0, 1};
    auto picker = make_policy(kind, 3);
    CAF_CHECK(pick(*picker, 0, {0, 1}) != "none");
    CAF_CHECK(pick(*picker, 0, {1, 0, 2, 0, 77}) != "none");
  }
}

CAF_TEST(a full server that is to be avoided is never taken) {
  for (auto kind : all) {
    publish({{"a", 1, 1}});
    lease taken{*live("a")};
    auto picker = make_policy(kind, 3);
    CAF_CHECK_EQUAL(pick(*picker, 0, {0}), "none");
  }
}

CAF_TEST(a request waits for a full server rather than go back) {
  for (auto kind : all) {
    publish({{"a"}, {"b", 1, 1}});
    lease taken{*live("b")};
    auto picker = make_policy(kind, 3);
    CAF_CHECK_EQUAL(pick(*picker, 0, {0}), "none");
    CAF_CHECK_EQUAL(pick(*picker), "a");
  }
}

CAF_TEST(indices to avoid that mean nothing are ignored) {
  for (auto kind : all) {
    publish({{"a"}, {"b"}});
    snapshot.usable = {0};
    auto picker = make_policy(kind, 3);
    CAF_CHECK_EQUAL(pick(*picker, 0, {1, 2, 4'000'000'000}), "a");
  }
}

CAF_TEST(a new snapshot is obeyed at once) {
  for (auto kind : all) {
    auto picker = make_policy(kind, 1);
    publish({{"a"}, {"b"}, {"c"}});
    picks(*picker, 5);
    publish({{"c"}});
    CAF_CHECK_EQUAL(pick(*picker), "c");
    publish({{"x"}, {"y"}});
    snapshot.usable = {1};
    CAF_CHECK_EQUAL(pick(*picker), "y");
    publish({});
    CAF_CHECK_EQUAL(pick(*picker), "none");
    publish({{"a", 3}, {"b", 1}});
    CAF_CHECK(pick(*picker) != "none");
  }
}

CAF_TEST(a policy can change to another backend) {
  for (auto kind : all) {
    auto picker = make_policy(kind, 1);
    publish({{"a"}, {"b"}, {"c"}});
    picks(*picker, 2);
    auto other = snapshot;
    other.name = "other";
    other.usable = {1};
    CAF_CHECK_EQUAL(picker->pick(other, {}), 1);
    CAF_CHECK(pick(*picker) != "none");
  }
}

CAF_TEST(a weight of zero counts as one) {
  for (auto kind : all) {
    publish({{"a", 0}, {"b", 0}});
    auto picker = make_policy(kind, 1);
    std::set<std::string> seen;
    for (uint64_t i = 0; i < 200; ++i)
      seen.insert(pick(*picker, avalanche(i)));
    CAF_CHECK_EQUAL(seen.size(), 2u);
  }
}

CAF_TEST(picking leaves no trace in the counts of servers) {
  for (auto kind : all) {
    publish({{"a", 2}, {"b", 1, 5}});
    auto picker = make_policy(kind, 1);
    picks(*picker, 100);
    CAF_CHECK_EQUAL(live("a")->in_flight.load(), 0u);
    CAF_CHECK_EQUAL(live("b")->in_flight.load(), 0u);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
