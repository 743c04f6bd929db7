// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_effective_state

#include "caf_test.hpp"

#include "core/effective_state.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

using namespace troupe;

namespace {

using rule = state_rule;
using facts = server_facts;

constexpr pool_rules alone{};
constexpr pool_rules clustered{.has_majority = true};

facts up() { return {}; }

facts own_down() { return {.own = status::down}; }

facts verdict_down() { return {.verdict = status::down}; }

facts vetoed() { return {.vetoed = true}; }

facts ejected() { return {.ejected = true}; }

facts with(facts x, admin_state admin) {
  x.admin = admin;
  return x;
}

facts backup(facts x) {
  x.backup = true;
  return x;
}

/// "up fail_open -panic": the rule of each server, with a minus if not usable.
std::string rules_of(const pool_state& pool) {
  std::string result;
  for (const auto& x : pool.servers) {
    if (!result.empty())
      result += ' ';
    if (!x.usable)
      result += '-';
    result += to_string(x.rule);
  }
  return result;
}

std::string rules_of(const std::vector<facts>& servers,
                     const pool_rules& rules) {
  return rules_of(evaluate(servers, rules));
}

std::vector<facts> random_pool(std::mt19937& random) {
  std::vector<facts> result(random() % 6);
  for (auto& x : result) {
    x.admin = static_cast<admin_state>(std::max<int>(random() % 6, 3) - 3);
    x.own = random() % 2 ? status::up : status::down;
    x.verdict = random() % 2 ? status::up : status::down;
    x.vetoed = random() % 2;
    x.ejected = random() % 3 == 0;
    x.backup = random() % 3 == 0;
    x.probed = random() % 2;
    x.resolved = random() % 5 != 0;
    x.unknown = random() % 5 == 0;
  }
  return result;
}

pool_rules random_rules(std::mt19937& random) {
  constexpr unsigned thresholds[] = {0, 1, 50, 100};
  return {random() % 2 == 0, thresholds[random() % 4]};
}

} // namespace

CAF_TEST(the first rule that applies to a server decides) {
  struct {
    facts server;
    pool_rules rules;
    const char* expected;
    bool healthy;
  } table[] = {
    {up(), alone, "up", true},
    {up(), clustered, "up", true},
    {own_down(), alone, "-own_down", false},
    {own_down(), clustered, "up", true},
    {verdict_down(), alone, "up", true},
    {verdict_down(), clustered, "-verdict_down", false},
    {vetoed(), alone, "up", true},
    {vetoed(), clustered, "-vetoed", false},
    {ejected(), alone, "-ejected", false},
    {ejected(), clustered, "-ejected", false},
    {{.own = status::down, .ejected = true}, alone, "-own_down", false},
    {{.verdict = status::down, .vetoed = true, .ejected = true},
     clustered,
     "-verdict_down",
     false},
    {{.vetoed = true, .ejected = true}, clustered, "-vetoed", false},
    {{.vetoed = true, .ejected = true}, alone, "-ejected", false},
    {with(up(), admin_state::drain), alone, "-admin_drain", true},
    {with(up(), admin_state::maint), alone, "-admin_maint", true},
    {with(own_down(), admin_state::drain), alone, "-admin_drain", false},
    {with(verdict_down(), admin_state::maint), clustered, "-admin_maint",
     false},
    {with(vetoed(), admin_state::drain), clustered, "-admin_drain", false},
  };
  for (const auto& row : table) {
    // A healthy companion keeps the rules of the pool out of the way.
    std::vector servers{row.server, up()};
    auto pool = evaluate(servers, row.rules);
    CAF_CHECK_EQUAL(rules_of(pool), row.expected + std::string(" up"));
    CAF_CHECK_EQUAL(pool.servers[0].healthy, row.healthy);
    CAF_CHECK(!pool.fail_open && !pool.panic && !pool.on_backup);
  }
}

CAF_TEST(own evidence never empties a pool) {
  std::vector servers{vetoed(), ejected(), verdict_down(),
                      with(vetoed(), admin_state::drain)};
  auto pool = evaluate(servers, clustered);
  CAF_CHECK_EQUAL(rules_of(pool),
                  "fail_open fail_open -verdict_down -admin_drain");
  CAF_CHECK(pool.fail_open);
  for (const auto& x : pool.servers)
    CAF_CHECK(!x.healthy);
}

CAF_TEST(a drained server that is healthy does not hold back failing open) {
  CAF_CHECK_EQUAL(rules_of({ejected(), with(up(), admin_state::drain)}, alone),
                  "fail_open -admin_drain");
}

CAF_TEST(what the verdict or the only opinion calls down stays down) {
  std::vector servers{own_down(), own_down()};
  auto pool = evaluate(servers, alone);
  CAF_CHECK_EQUAL(rules_of(pool), "-own_down -own_down");
  CAF_CHECK(!pool.fail_open);
  CAF_CHECK_EQUAL(rules_of({verdict_down()}, clustered), "-verdict_down");
}

CAF_TEST(a healthy backup comes before failing open) {
  std::vector servers{vetoed(), backup(up())};
  auto pool = evaluate(servers, clustered);
  CAF_CHECK_EQUAL(rules_of(pool), "-vetoed up");
  CAF_CHECK(pool.on_backup && !pool.fail_open);
}

CAF_TEST(primaries that failed open idle the backups) {
  std::vector servers{vetoed(), backup(ejected())};
  auto pool = evaluate(servers, clustered);
  CAF_CHECK_EQUAL(rules_of(pool), "fail_open -ejected");
  CAF_CHECK(pool.fail_open && !pool.on_backup);
}

CAF_TEST(backups serve only without a usable primary) {
  CAF_CHECK_EQUAL(rules_of({up(), backup(up()), backup(own_down())}, alone),
                  "up -backup_idle -own_down");
  std::vector servers{own_down(), backup(up()), backup(own_down()),
                      with(up(), admin_state::maint)};
  auto pool = evaluate(servers, alone);
  CAF_CHECK_EQUAL(rules_of(pool), "-own_down up -own_down -admin_maint");
  CAF_CHECK(pool.on_backup);
  CAF_CHECK_EQUAL(rules_of({backup(up()), backup(up())}, alone), "up up");
}

CAF_TEST(of several backups one serves if only one may) {
  constexpr pool_rules one{.has_majority = false, .one_backup = true};
  CAF_CHECK_EQUAL(
    rules_of({own_down(), backup(own_down()), backup(up()), backup(up())}, one),
    "-own_down -own_down up -backup_spare");
  CAF_CHECK_EQUAL(rules_of({up(), backup(up()), backup(up())}, one),
                  "up -backup_idle -backup_spare");
  CAF_CHECK_EQUAL(
    rules_of({own_down(), backup(with(up(), admin_state::drain)), backup(up())},
             one),
    "-own_down -admin_drain up");
  CAF_CHECK_EQUAL(rules_of({own_down(), backup(ejected()), backup(up())}, one),
                  "-own_down -ejected up");
}

CAF_TEST(the one backup is that of the verdict on every node) {
  constexpr pool_rules one{.has_majority = true, .one_backup = true};
  // This node cannot reach it; another one may not serve in its place.
  std::vector servers{verdict_down(), backup(vetoed()), backup(up())};
  auto pool = evaluate(servers, one);
  CAF_CHECK_EQUAL(rules_of(pool), "-verdict_down fail_open -backup_spare");
  CAF_CHECK(pool.on_backup && pool.fail_open);
  CAF_CHECK(pool.servers[2].healthy);
  CAF_CHECK_EQUAL(
    rules_of({verdict_down(), backup(verdict_down()), backup(up())}, one),
    "-verdict_down -verdict_down up");
}

CAF_TEST(neither panic nor failing open brings a second backup) {
  constexpr pool_rules panicking{
    .has_majority = false, .panic_threshold = 100, .one_backup = true};
  CAF_CHECK_EQUAL(
    rules_of({own_down(), backup(own_down()), backup(own_down())}, panicking),
    "panic panic -own_down");
  CAF_CHECK_EQUAL(rules_of({backup(ejected()), backup(ejected())}, panicking),
                  "fail_open -ejected");
  std::vector enough{up(), backup(up()), backup(up())};
  CAF_CHECK(!evaluate(enough, panicking).panic);
}

CAF_TEST(a server that has to prove itself is down until then) {
  auto x = up();
  x.unproven = true;
  CAF_CHECK_EQUAL(rules_of({x, with(x, admin_state::maint)}, alone),
                  "-unproven -admin_maint");
  CAF_CHECK_EQUAL(rules_of({x}, clustered), "-unproven");
  std::vector servers{x};
  CAF_CHECK(!evaluate(servers, alone).servers[0].healthy);
}

CAF_TEST(completed probes of this node are a veto and others are not ) {
  CAF_CHECK_EQUAL(
    rules_of({{.own = status::down, .probed = true}, up()}, clustered),
    "-vetoed up");
  CAF_CHECK_EQUAL(rules_of({own_down(), up()}, clustered), "up up");
}

CAF_TEST(without an address a server is never used) {
  const facts nowhere{.resolved = false};
  for (const auto& rules : {alone, clustered, pool_rules{true, 100}}) {
    std::vector servers{nowhere, with(nowhere, admin_state::maint)};
    const auto pool = evaluate(servers, rules);
    CAF_CHECK_EQUAL(rules_of(pool), "-unresolved -admin_maint");
    CAF_CHECK(!pool.fail_open); // there is nothing to open
  }
  CAF_CHECK_EQUAL(rules_of({nowhere, ejected()}, clustered),
                  "-unresolved fail_open");
}

CAF_TEST(a new server is as if ejected until somebody has looked) {
  CAF_CHECK_EQUAL(rules_of({up(), {.unknown = true}}, clustered),
                  "up -ejected");
}

CAF_TEST(what health alone says stands beside what the pool makes of it) {
  std::vector servers{vetoed(), with(ejected(), admin_state::drain),
                      verdict_down()};
  const auto pool = evaluate(servers, clustered);
  CAF_CHECK(pool.servers[0].rule == rule::fail_open);
  CAF_CHECK(pool.servers[0].evidence == rule::vetoed);
  CAF_CHECK(pool.servers[1].evidence == rule::ejected);
  CAF_CHECK(pool.servers[0].disputed);
  CAF_CHECK(!pool.servers[2].disputed);
  CAF_CHECK(!evaluate(servers, alone).servers[0].disputed);
}

CAF_TEST(a node knows when it rejects all that the verdict calls up) {
  const auto rejects_all = [](std::vector<facts> servers, pool_rules rules) {
    return evaluate(servers, rules).rejects_all;
  };
  CAF_CHECK(rejects_all({vetoed(), verdict_down()}, clustered));
  CAF_CHECK(rejects_all({{.resolved = false}}, clustered));
  CAF_CHECK(!rejects_all({vetoed(), up()}, clustered));
  CAF_CHECK(!rejects_all({verdict_down()}, clustered));
  CAF_CHECK(!rejects_all({vetoed()}, alone));
  CAF_CHECK(!rejects_all({with(vetoed(), admin_state::drain)}, clustered));
  // Nobody has looked yet.
  CAF_CHECK(!rejects_all({vetoed(), {.unknown = true}}, clustered));
  CAF_CHECK(!rejects_all({vetoed(), {.unproven = true}}, clustered));
}

CAF_TEST(what is rejected stays so when the majority is lost) {
  CAF_CHECK(own_without_majority(vetoed()) == status::down);
  CAF_CHECK(own_without_majority({.own = status::down, .probed = true})
            == status::down);
  CAF_CHECK(own_without_majority(own_down()) == status::up);
  CAF_CHECK(own_without_majority(verdict_down()) == status::down);
}

CAF_TEST(an idle backup is healthy) {
  std::vector servers{up(), backup(up())};
  CAF_CHECK(evaluate(servers, alone).servers[1].healthy);
}

CAF_TEST(panic begins below the threshold and not at it) {
  std::vector servers{up(), own_down()};
  CAF_CHECK(!evaluate(servers, {false, 50}).panic);
  auto pool = evaluate(servers, {false, 51});
  CAF_CHECK(pool.panic);
  CAF_CHECK_EQUAL(rules_of(pool), "up panic");
  CAF_CHECK(!pool.servers[1].healthy);
}

CAF_TEST(panic spares what an operator took out) {
  CAF_CHECK_EQUAL(rules_of({own_down(), with(own_down(), admin_state::maint),
                            with(up(), admin_state::drain)},
                           {false, 50}),
                  "panic -admin_maint -admin_drain");
}

CAF_TEST(servers an operator took out do not count for panic) {
  std::vector servers{up(), with(own_down(), admin_state::maint)};
  CAF_CHECK(!evaluate(servers, {false, 100}).panic);
}

CAF_TEST(panic is judged after failing open) {
  std::vector servers{vetoed(), verdict_down()};
  auto pool = evaluate(servers, {true, 50});
  CAF_CHECK_EQUAL(rules_of(pool), "fail_open -verdict_down");
  CAF_CHECK(!pool.panic);
  CAF_CHECK_EQUAL(rules_of(servers, {true, 51}), "fail_open panic");
}

CAF_TEST(panic without a threshold never happens) {
  std::vector servers{own_down()};
  auto pool = evaluate(servers, {false, 0});
  CAF_CHECK(!pool.panic);
  CAF_CHECK(!pool.servers[0].usable);
}

CAF_TEST(in panic a usable primary still idles the backups) {
  CAF_CHECK_EQUAL(
    rules_of({up(), own_down(), backup(up()), backup(own_down())}, {false, 90}),
    "up panic -backup_idle -own_down");
}

CAF_TEST(a healthy backup does not idle beside primaries that are all down) {
  std::vector servers{own_down(), own_down(), backup(up())};
  auto pool = evaluate(servers, {false, 50});
  CAF_CHECK_EQUAL(rules_of(pool), "panic panic up");
  CAF_CHECK(pool.panic && pool.on_backup);
}

CAF_TEST(an empty pool has no state) {
  auto pool = evaluate({}, {true, 100});
  CAF_CHECK(pool.servers.empty());
  CAF_CHECK(!pool.panic && !pool.fail_open && !pool.on_backup);
}

CAF_TEST(the order of servers does not matter) {
  std::mt19937 random{7};
  for (auto round = 0; round < 2'000; ++round) {
    auto servers = random_pool(random);
    auto rules = random_rules(random);
    auto pool = evaluate(servers, rules);
    std::vector<size_t> order(servers.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    std::vector<facts> shuffled;
    std::vector<effective_state> expected;
    for (auto i : order) {
      shuffled.push_back(servers[i]);
      expected.push_back(pool.servers[i]);
    }
    CAF_REQUIRE(evaluate(shuffled, rules).servers == expected);
  }
}

CAF_TEST(whatever the facts some things always hold) {
  std::mt19937 random{11};
  for (auto round = 0; round < 5'000; ++round) {
    auto servers = random_pool(random);
    auto rules = random_rules(random);
    auto pool = evaluate(servers, rules);
    CAF_REQUIRE_EQUAL(pool.servers.size(), servers.size());
    auto usable = false;
    auto could_be = false;
    for (size_t i = 0; i < servers.size(); ++i) {
      const auto& x = pool.servers[i];
      auto ready = servers[i].admin == admin_state::ready;
      auto health = rules.has_majority ? servers[i].verdict : servers[i].own;
      usable |= x.usable;
      could_be |= ready && health == status::up && servers[i].resolved;
      CAF_REQUIRE((ready && servers[i].resolved) || !x.usable);
      CAF_REQUIRE(!x.healthy || health == status::up);
      CAF_REQUIRE(!x.usable || x.healthy || x.rule == rule::fail_open
                  || x.rule == rule::panic);
    }
    CAF_REQUIRE(usable || !could_be);
  }
}

CAF_TEST(every rule has a name of its own) {
  std::vector<std::string> names;
  for (auto i = 0; i <= static_cast<int>(rule::unresolved); ++i)
    names.emplace_back(to_string(static_cast<rule>(i)));
  std::sort(names.begin(), names.end());
  CAF_CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CAF_CHECK(std::find(names.begin(), names.end(), "invalid") == names.end());
}
