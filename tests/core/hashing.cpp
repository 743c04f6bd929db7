// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_hashing

#include "caf_test.hpp"

#include "core/balance/rendezvous.hpp"
#include "core/pool_fixture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

// The fixed values were computed by a second implementation made from
// docs/hashing.md alone; a change here breaks running clusters.

using namespace troupe;
using namespace troupe::balance;
using namespace std::literals;

namespace {

uint64_t client_of(const char* ip) {
  return stable_hash(endpoint::parse_ip(ip, 0)->ip_bytes());
}

/// The i-th address of 10.0.0.0/8.
uint64_t client_of(uint32_t i) {
  const char bytes[] = {10, static_cast<char>(i >> 16),
                        static_cast<char>(i >> 8), static_cast<char>(i)};
  return stable_hash({bytes, 4});
}

struct fixture : pool_fixture {
  std::unique_ptr<policy> picker = make_policy(algorithm::ip_hash, 0);

  std::vector<std::string> homes(uint32_t clients) {
    std::vector<std::string> result;
    for (uint32_t i = 0; i < clients; ++i)
      result.push_back(pick(*picker, client_of(i)));
    return result;
  }
};

void check_minimal_move(const std::vector<std::string>& with,
                        const std::vector<std::string>& without,
                        const std::string& server) {
  for (size_t i = 0; i < with.size(); ++i)
    if (with[i] != server)
      CAF_CHECK_EQUAL(with[i], without[i]);
}

} // namespace

CAF_TEST(the stable hash is the documented one) {
  CAF_CHECK_EQUAL(stable_hash(""), 0xefd01f60ba992926u);
  CAF_CHECK_EQUAL(stable_hash("a"), 0x82a2a958a9bece5bu);
  CAF_CHECK_EQUAL(stable_hash("a1"), 0x54eafd9b324887beu);
  CAF_CHECK_EQUAL(stable_hash("a1", 1), 0x6713d3c8a6e1c8cfu);
  CAF_CHECK_EQUAL(stable_hash("troupe"), 0x304014920bdbb31du);
  CAF_CHECK_EQUAL(stable_hash("\x7f\0\0\x01"sv), 0xe2b8dcd14d0de18au);
  CAF_CHECK_EQUAL(client_of("::1"), 0xb55b74000d560088u);
}

CAF_TEST(the draw and its cost are the documented ones) {
  CAF_CHECK_EQUAL(draw_of(client_of("127.0.0.1"), stable_hash("a1")),
                  0x55844afb6a76aedfu);
  CAF_CHECK_EQUAL(cost_of(0), 274877906944u);
  CAF_CHECK_EQUAL(cost_of(1), 274877906944u);
  CAF_CHECK_EQUAL(cost_of(2), 270582939648u);
  CAF_CHECK_EQUAL(cost_of(3), 268070544839u);
  CAF_CHECK_EQUAL(cost_of(uint64_t{1} << 63), 4294967296u);
  CAF_CHECK_EQUAL(cost_of(0xc000000000000000u), 1782572487u);
  CAF_CHECK_EQUAL(cost_of(0x0123456789abcdefu), 33559941884u);
  CAF_CHECK_EQUAL(cost_of(UINT64_MAX), 1u);
}

CAF_TEST(the cost follows the logarithm and never rises) {
  uint64_t draw = 1;
  auto last = cost_of(draw);
  while (draw < UINT64_MAX / 65 * 64) {
    draw += draw / 64 + 1;
    auto cost = cost_of(draw);
    CAF_REQUIRE(cost <= last);
    last = cost;
    auto exact = 64 - std::log2(static_cast<double>(draw));
    CAF_REQUIRE(std::abs(static_cast<double>(cost) * 0x1p-32 - exact) < 4e-6);
  }
}

CAF_TEST(less cost per weight wins then the draw then the name) {
  claim a{100, 7, 2, 10};
  CAF_CHECK(better(a, {100, 7, 1, 6}));
  CAF_CHECK(!better(a, {100, 7, 1, 4}));
  CAF_CHECK(better(a, {99, 9, 2, 10}));
  CAF_CHECK(better(a, {100, 6, 2, 10}));
  CAF_CHECK(!better(a, a));
}

CAF_TEST_FIXTURE_SCOPE(rendezvous, fixture)

CAF_TEST(known clients have known servers) {
  struct {
    const char* ip;
    const char* equal;
    const char* weighted;
  } table[] = {
    {"127.0.0.1", "a1", "a3"},    {"10.0.0.1", "a3", "a3"},
    {"10.0.0.2", "a3", "a3"},     {"192.0.2.7", "a2", "a2"},
    {"203.0.113.99", "a3", "a3"}, {"2001:db8::1", "a1", "a1"},
  };
  publish({{"a1"}, {"a2"}, {"a3"}});
  for (const auto& row : table)
    CAF_CHECK_EQUAL(pick(*picker, client_of(row.ip)), row.equal);
  publish({{"a1", 1}, {"a2", 2}, {"a3", 5}});
  for (const auto& row : table)
    CAF_CHECK_EQUAL(pick(*picker, client_of(row.ip)), row.weighted);
}

CAF_TEST(a client keeps its server whatever the order and the policy object) {
  publish({{"a"}, {"b"}, {"c"}, {"d"}});
  auto before = homes(500);
  CAF_CHECK(homes(500) == before);
  publish({{"d"}, {"b"}, {"a"}, {"c"}});
  CAF_CHECK(homes(500) == before);
  picker = make_policy(algorithm::ip_hash, 99);
  CAF_CHECK(homes(500) == before);
}

CAF_TEST(a server that leaves moves only its own clients) {
  publish({{"a"}, {"b"}, {"c"}, {"d"}, {"e"}});
  auto before = homes(5'000);
  publish({{"a"}, {"b"}, {"d"}, {"e"}});
  check_minimal_move(before, homes(5'000), "c");
}

CAF_TEST(with weights too a server that leaves moves only its own clients) {
  publish({{"a", 1}, {"b", 10}, {"c", 3}, {"d", 7}});
  auto before = homes(5'000);
  publish({{"a", 1}, {"b", 10}, {"d", 7}});
  check_minimal_move(before, homes(5'000), "c");
}

CAF_TEST(a heavier server only gains clients) {
  publish({{"a", 2}, {"b", 2}, {"c", 2}});
  auto before = homes(5'000);
  publish({{"a", 2}, {"b", 3}, {"c", 2}});
  auto after = homes(5'000);
  for (size_t i = 0; i < before.size(); ++i)
    if (before[i] != after[i])
      CAF_CHECK_EQUAL(after[i], "b");
}

CAF_TEST(a full server lends its clients and gets them back) {
  publish({{"a"}, {"b", 1, 1}, {"c"}});
  auto before = homes(1'000);
  lease taken{*live("b")};
  auto meanwhile = homes(1'000);
  CAF_CHECK(std::count(meanwhile.begin(), meanwhile.end(), "b") == 0);
  check_minimal_move(before, meanwhile, "b");
  taken.release();
  CAF_CHECK(homes(1'000) == before);
}

CAF_TEST(equal weights scale to the same choice) {
  publish({{"a"}, {"b"}, {"c"}});
  auto before = homes(2'000);
  publish({{"a", 7}, {"b", 7}, {"c", 7}});
  CAF_CHECK(homes(2'000) == before);
}

CAF_TEST(the short ways find what the definition says) {
  std::vector<member> members;
  for (unsigned i = 0; i < 50; ++i)
    members.push_back({"s" + std::to_string(i), 1 + i * i % 1000});
  publish(members);
  for (uint32_t i = 0; i < 2'000; ++i) {
    claim best;
    std::string winner;
    for (const auto& x : members) {
      auto name = stable_hash(x.name);
      auto draw = draw_of(client_of(i), name);
      claim mine{draw, name, x.weight, cost_of(draw)};
      if (winner.empty() || better(mine, best)) {
        best = mine;
        winner = x.name;
      }
    }
    CAF_REQUIRE_EQUAL(pick(*picker, client_of(i)), winner);
  }
}

CAF_TEST(clients spread as the weights say) {
  constexpr uint32_t clients = 60'000;
  for (auto weights :
       {std::array{1u, 1u, 1u, 1u}, {8u, 4u, 2u, 1u}, {1000u, 1u, 100u, 10u}}) {
    publish({{"a", weights[0]},
             {"b", weights[1]},
             {"c", weights[2]},
             {"d", weights[3]}});
    auto total = weights[0] + weights[1] + weights[2] + weights[3];
    auto all = homes(clients);
    for (const auto& server : snapshot.servers) {
      auto share = double(server.weight) / total;
      auto n = double(std::count(all.begin(), all.end(), server.name));
      auto deviation = std::sqrt(clients * share * (1 - share));
      if (std::abs(n - clients * share) > 5 * deviation)
        CAF_ERROR(server.name << " of weight " << server.weight << " has " << n
                              << " clients");
    }
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
