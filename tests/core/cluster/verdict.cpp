// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_verdict

#include "core/cluster/verdict.hpp"
#include "core/cluster/observers.hpp"

#include "caf_test.hpp"

#include <algorithm>
#include <random>

using namespace std::chrono_literals;

namespace troupe::cluster::observations {

namespace {

using strings = std::vector<std::string>;

const strings ranking{"a", "b", "c", "d", "e"};
const time_point now = time_point{} + 1h;
const pace usual; // up: fresh for 7 s and kept for 14 s; down: 16 s and 23 s

held_observation seen(status what, milliseconds age = 0ms) {
  observation x;
  x.status = what;
  x.complete = true;
  return {x, now - age};
}

const auto up = status::up;
const auto down = status::down;

strings counted(const observation_map& all, const strings& alive = ranking) {
  return elect(ranking, alive, all, usual, now).counted;
}

verdict of(const observation_map& all, std::optional<status> last = up,
           const strings& alive = ranking) {
  return decide(elect(ranking, alive, all, usual, now), all, last);
}

held_observation any_observation(std::mt19937_64& random) {
  observation x;
  x.incarnation = random() % 3;
  x.sequence = random() % 3;
  // One start says one thing by one number.
  x.status = (x.incarnation + x.sequence) % 2 ? up : down;
  return {x, now - milliseconds{random() % 3}};
}

bool equal(const held_observation& a, const held_observation& b) {
  return a.what == b.what && a.made == b.made;
}

} // namespace

CAF_TEST(more than half of the counted make a server down) {
  CAF_CHECK(of({{"a", seen(down)}}, up, {"a"}).status == down);
  CAF_CHECK(of({{"a", seen(down)}, {"b", seen(down)}, {"c", seen(up)}}).status
            == down);
  CAF_CHECK(of({{"a", seen(down)}, {"b", seen(up)}, {"c", seen(up)}}).status
            == up);
}

CAF_TEST(a tie is up) {
  const observation_map tie{{"a", seen(down)}, {"b", seen(up)}};
  CAF_CHECK(of(tie, up, {"a", "b"}).status == up);
  CAF_CHECK(of(tie, down, {"a", "b"}).status == up);
}

CAF_TEST(an empty electorate keeps the last verdict and is up at first) {
  CAF_CHECK(of({}, down).status == down);
  CAF_CHECK(of({}, up).status == up);
  CAF_CHECK(of({}, std::nullopt).status == up);
}

CAF_TEST(a verdict for which nobody is awaited does not depend on the one before) {
  std::mt19937_64 random{3};
  for (int n = 0; n < 5'000; ++n) {
    observation_map all;
    for (const auto& node : ranking)
      if (random() % 2)
        all[node] =
          seen(random() % 2 ? up : down, milliseconds{random() % 30'000});
    if (counted(all).empty())
      continue;
    const auto counts = of(all, up);
    const auto missing = observers_max - counts.counted;
    if (missing == 0)
      CAF_CHECK(counts == of(all, down));
    // Else it is only the one before if those who are awaited may decide.
    const bool open = 2 * counts.downs <= observers_max
                   && 2 * (counts.downs + missing) > observers_max;
    CAF_CHECK_EQUAL(of(all, up) != of(all, down), open);
  }
}

CAF_TEST(the first three by rank with a fresh vote are counted) {
  observation_map all;
  for (const auto& node : ranking)
    all[node] = seen(up);
  CAF_CHECK(counted(all) == (strings{"a", "b", "c"}));
  all["b"] = seen(up, 7'001ms);
  CAF_CHECK(counted(all, {"a", "c", "d"}) == (strings{"a", "c", "d"}));
  all["d"].what.complete = false;
  CAF_CHECK(counted(all, {"a", "c", "e"}) == (strings{"a", "c", "e"}));
}

CAF_TEST(who is alive does not matter while the votes are fresh) {
  std::mt19937_64 random{4};
  for (int n = 0; n < 2'000; ++n) {
    observation_map all;
    for (const auto& node : ranking)
      if (random() % 4)
        all[node] = seen(random() % 2 ? up : down);
    strings alive;
    for (const auto& node : ranking)
      if (random() % 2)
        alive.push_back(node);
    CAF_CHECK(counted(all, alive) == counted(all));
  }
}

CAF_TEST(a vote is fresh for three intervals and the timeout) {
  CAF_CHECK(counted({{"a", seen(up, 7'000ms)}}, {"a"}) == strings{"a"});
  CAF_CHECK(fresh_for(seen(up).what, usual) == 7'000ms);
  // A server that is down is probed every 5 s only.
  CAF_CHECK(fresh_for(seen(down).what, usual) == 16'000ms);
  const pace slow{10'000ms, 2'000ms, 3};
  CAF_CHECK(fresh_for(seen(down).what, slow) == 32'000ms);
}

CAF_TEST(the replaced observer is counted until the new one votes) {
  // b died, d takes its part.
  const strings alive{"a", "c", "d"};
  observation_map all{
    {"a", seen(down)}, {"b", seen(down, 8'000ms)}, {"c", seen(up)}};
  CAF_CHECK(counted(all, alive) == (strings{"a", "b", "c"}));
  CAF_CHECK(of(all, down, alive).status == down);
  all["b"] = seen(up, 8'000ms);
  CAF_CHECK(counted(all, alive) == (strings{"a", "b", "c"}));
  all["d"] = seen(up);
  CAF_CHECK(counted(all, alive) == (strings{"a", "c", "d"}));
}

CAF_TEST(it is counted for fall intervals and a timeout longer at most) {
  const strings alive{"a", "c", "d"};
  observation_map all{
    {"a", seen(up)}, {"b", seen(up, 14'000ms)}, {"c", seen(up)}};
  CAF_CHECK(counted(all, alive) == (strings{"a", "b", "c"}));
  all["b"] = seen(up, 14'001ms);
  CAF_CHECK(counted(all, alive) == (strings{"a", "c"}));
}

CAF_TEST(nothing old is counted when nobody is awaited) {
  const observation_map all{
    {"a", seen(up)}, {"b", seen(down, 17'000ms)}, {"c", seen(up)}};
  CAF_CHECK(counted(all, {"a", "c"}) == (strings{"a", "c"}));
}

CAF_TEST(the first verdict is not left to whoever looked first) {
  const observation_map one{{"a", seen(down)}};
  CAF_CHECK(of(one, std::nullopt, {"a", "b", "c"}).status == up);
  const observation_map two{{"a", seen(down)}, {"b", seen(down)}};
  CAF_CHECK(of(two, std::nullopt, {"a", "b", "c"}).status == down);
  CAF_CHECK(of(one, std::nullopt, {"a"}).status == down);
}

CAF_TEST(a verdict does not flip while those who are awaited may turn it over) {
  const observation_map one{{"a", seen(down)}};
  CAF_CHECK(of(one, up, {"a", "b", "c"}).status == up);
  CAF_CHECK(of(one, down, {"a", "b", "c"}).status == down);
  const observation_map other{{"b", seen(up)}};
  CAF_CHECK(of(other, down, {"a", "b", "c"}).status == down);
  CAF_CHECK(of(other, down, {"a", "b"}).status == up);
}

CAF_TEST(merging is commutative and associative and idempotent) {
  std::mt19937_64 random{5};
  for (int n = 0; n < 20'000; ++n) {
    const auto a = any_observation(random), b = any_observation(random),
               c = any_observation(random);
    CAF_CHECK(equal(merge(a, b), merge(b, a)));
    CAF_CHECK(equal(merge(merge(a, b), c), merge(a, merge(b, c))));
    CAF_CHECK(equal(merge(a, a), a));
  }
}

CAF_TEST(a later start beats any sequence of an earlier one) {
  auto before = seen(up), after = seen(down);
  before.what.incarnation = 1;
  before.what.sequence = 1'000;
  after.what.incarnation = 2;
  after.what.sequence = 1;
  CAF_CHECK(equal(merge(before, after), after));
}

CAF_TEST(the order in which observations come does not change the verdict) {
  std::mt19937_64 random{6};
  for (int n = 0; n < 2'000; ++n) {
    std::vector<std::pair<std::string, held_observation>> all;
    for (int i = 0; i < 12; ++i) {
      auto x = any_observation(random);
      x.what.complete = true;
      x.made -= milliseconds{random() % 20'000};
      all.emplace_back(ranking[random() % ranking.size()], x);
    }
    std::optional<verdict> first;
    for (int turn = 0; turn < 5; ++turn) {
      std::shuffle(all.begin(), all.end(), random);
      observation_map held;
      for (const auto& [node, x] : all) {
        const auto [found, is_new] = held.try_emplace(node, x);
        if (!is_new)
          found->second = merge(found->second, x);
      }
      const auto result = of(held);
      CAF_CHECK(result == first.value_or(result));
      first = result;
    }
  }
}

CAF_TEST(the rule says who was counted) {
  CAF_CHECK_EQUAL(
    of({{"a", seen(down)}, {"b", seen(up)}, {"c", seen(down)}}).rule(),
    "2 of 3 say down");
  CAF_CHECK(of({}).rule().find("the last verdict stands") != std::string::npos);
}

} // namespace troupe::cluster::observations
