// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_observers

#include "core/cluster/observers.hpp"

#include "core/stable_hash.hpp"

#include "caf_test.hpp"

#include <algorithm>
#include <map>
#include <random>

// The fixed values were computed by a second implementation made from
// docs/hashing.md alone; a change here breaks running clusters.

namespace troupe::cluster::observations {

namespace {

using strings = std::vector<std::string>;

const strings five{"lb1", "lb2", "lb3", "lb4", "lb5"};

server_settings server(const std::string& name, const std::string& address) {
  server_settings result;
  result.name = name;
  result.address = address;
  return result;
}

check_settings http_check() {
  check_settings result;
  result.type = check_type::http;
  result.method = "HEAD";
  result.path = "/health";
  result.host = "app.example";
  result.port = 8081;
  result.expect_status = {{200, 299}, {404, 404}};
  return result;
}

} // namespace

CAF_TEST(targets and their ranks are the documented ones) {
  const auto a1 = server("a1", "10.0.0.1:8080");
  const auto first = target_id("app", a1, {});
  CAF_CHECK_EQUAL(first, 0xe2dc6d39d4ea5dc8u);
  CAF_CHECK(ranked(five, first)
            == (strings{"lb3", "lb4", "lb2", "lb5", "lb1"}));
  const auto second = target_id("app", server("a2", "10.0.0.2:8080"), {});
  CAF_CHECK_EQUAL(second, 0xa758621aa580f622u);
  CAF_CHECK(ranked(five, second)
            == (strings{"lb1", "lb5", "lb4", "lb3", "lb2"}));
  const auto third = target_id("app", a1, http_check());
  CAF_CHECK_EQUAL(third, 0x57475b8f1b8a28deu);
  CAF_CHECK(ranked(five, third)
            == (strings{"lb3", "lb2", "lb5", "lb4", "lb1"}));
  CAF_CHECK_EQUAL(stable_hash("lb5", first), 0x12746a79175327dfu);
}

CAF_TEST(whatever a probe depends on makes another target) {
  const auto a1 = server("a1", "10.0.0.1:8080");
  const auto check = http_check();
  std::vector<uint64_t> all{
    target_id("app", a1, check), target_id("api", a1, check),
    target_id("app", server("a2", a1.address), check),
    target_id("app", server("a1", "10.0.0.2:8080"), check)};
  const auto add = [&](auto change) {
    auto other = check;
    change(other);
    all.push_back(target_id("app", a1, other));
  };
  add([](auto& x) { x.type = check_type::tcp; });
  add([](auto& x) { x.method = "GET"; });
  add([](auto& x) { x.path = "/"; });
  add([](auto& x) { x.host = ""; });
  add([](auto& x) { x.port = 0; });
  add([](auto& x) { x.expect_status = {{200, 299}}; });
  std::sort(all.begin(), all.end());
  CAF_CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

CAF_TEST(names that run into each other are different targets) {
  CAF_CHECK(target_id("ab", server("c", "x"), {})
            != target_id("a", server("bc", "x"), {}));
}

CAF_TEST(how often a target is probed does not make it another) {
  const auto a1 = server("a1", "10.0.0.1:8080");
  check_settings slow;
  slow.interval = milliseconds{60'000};
  slow.fall = 9;
  CAF_CHECK_EQUAL(target_id("app", a1, {}), target_id("app", a1, slow));
}

CAF_TEST(the order in which nodes are listed does not matter) {
  std::mt19937_64 random{1};
  for (int n = 0; n < 200; ++n) {
    const auto target = random();
    auto mixed = five;
    std::shuffle(mixed.begin(), mixed.end(), random);
    CAF_CHECK(ranked(mixed, target) == ranked(five, target));
  }
}

CAF_TEST(a node that leaves moves nothing among the others) {
  std::mt19937_64 random{2};
  for (int n = 0; n < 1'000; ++n) {
    const auto target = random();
    auto expected = ranked(five, target);
    std::erase(expected, "lb3");
    CAF_CHECK(ranked({"lb1", "lb2", "lb4", "lb5"}, target) == expected);
  }
}

CAF_TEST(every node has its share of each rank) {
  std::map<std::string, std::vector<int>> count;
  constexpr int targets = 20'000;
  for (int n = 0; n < targets; ++n) {
    const auto id =
      target_id("app", server("a" + std::to_string(n), "10.0.0.1:80"), {});
    const auto order = ranked(five, id);
    for (size_t rank = 0; rank < order.size(); ++rank) {
      auto& all = count[order[rank]];
      all.resize(five.size());
      ++all[rank];
    }
  }
  // 4,000 expected, the standard deviation is 57.
  for (const auto& [node, all] : count)
    for (const auto x : all)
      CAF_CHECK(x > 3'700 && x < 4'300);
}

} // namespace troupe::cluster::observations
