// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_round_robin

#include "caf_test.hpp"

#include "core/balance.hpp"
#include "core/pool_fixture.hpp"

#include <cstdlib>

using namespace troupe;

namespace {

struct fixture : pool_fixture {
  std::unique_ptr<policy> picker = make_policy(algorithm::round_robin, 0);
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(turns, fixture)

CAF_TEST(servers take turns and weights do not count) {
  publish({{"a"}, {"b", 9}, {"c"}});
  CAF_CHECK_EQUAL(picks(*picker, 7), "abcabca");
}

CAF_TEST(seeds begin at different servers) {
  publish({{"a"}, {"b"}, {"c"}});
  for (auto [seed, first] : {std::pair{1, "b"}, {2, "c"}, {3, "a"}})
    CAF_CHECK_EQUAL(
      pick(*make_policy(algorithm::round_robin, static_cast<uint64_t>(seed))),
      first);
}

CAF_TEST(a new snapshot goes on with the next server) {
  publish({{"a"}, {"b"}, {"c"}, {"d"}});
  CAF_CHECK_EQUAL(picks(*picker, 2), "ab");
  publish({{"a"}, {"b"}, {"c"}, {"d"}});
  CAF_CHECK_EQUAL(picks(*picker, 1), "c");
  publish({{"a"}, {"b"}, {"c"}});
  CAF_CHECK_EQUAL(picks(*picker, 2), "ab");
  publish({{"d"}, {"c"}, {"b"}, {"a"}});
  CAF_CHECK_EQUAL(picks(*picker, 4), "cbad");
}

CAF_TEST(a newcomer does not send everybody back to the start) {
  publish({{"b"}, {"c"}});
  CAF_CHECK_EQUAL(picks(*picker, 1), "b");
  publish({{"a"}, {"b"}, {"c"}});
  CAF_CHECK_EQUAL(picks(*picker, 4), "cabc");
}

CAF_TEST(a full server loses its turn and no more) {
  publish({{"a"}, {"b", 1, 1}, {"c"}});
  lease taken{*live("b")};
  CAF_CHECK_EQUAL(picks(*picker, 4), "acac");
  taken.release();
  CAF_CHECK_EQUAL(picks(*picker, 3), "abc");
}

CAF_TEST(a server in slow start gets a part of its turns) {
  publish({{"a"}, {"b", 1, 0, 10}, {"c"}});
  auto got = shares(*picker, 2100);
  CAF_CHECK_EQUAL(got["b"], 100);
  CAF_CHECK_EQUAL(got["a"] + got["c"], 2000);
  CAF_CHECK_LESS(std::abs(got["a"] - got["c"]), 150);
}

CAF_TEST(a server in slow start serves all the same when it is alone) {
  publish({{"a", 1, 1}, {"b", 1, 0, 5}});
  lease taken{*live("a")};
  CAF_CHECK_EQUAL(picks(*picker, 5), "bbbbb");
}

CAF_TEST_FIXTURE_SCOPE_END()
