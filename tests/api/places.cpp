// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_places
#include "caf_test.hpp"

#include "api/http/places.hpp"

#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::admin;

namespace {

struct fixture {
  void take(std::string source, claim what, milliseconds ago) {
    taken.push_back({std::move(source), what, now - ago});
  }

  /// Everybody from another address.
  void take(claim what, milliseconds ago) {
    take("10.0.0." + std::to_string(taken.size()), what, ago);
  }

  size_t who(const std::string& newcomer = "192.0.2.1") {
    return who_makes_room(taken, newcomer).value_or(nobody);
  }

  static constexpr size_t nobody = 999;
  time_point now = clock::now();
  std::vector<place> taken;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(places_tests, fixture)

CAF_TEST(what is missed least goes first) {
  take(claim::answering, 9s);
  take(claim::writing, 9s);
  take(claim::reading, 9s);
  take(claim::lingering, 9s);
  take(claim::idle, 1s);
  for (size_t left = 5; left > 0; --left) {
    CAF_CHECK_EQUAL(who(), left - 1);
    taken.pop_back();
  }
  CAF_CHECK_EQUAL(who(), nobody);
}

CAF_TEST(of equals the one that has been so for longest) {
  take(claim::reading, 1s);
  take(claim::reading, 3s);
  take(claim::reading, 2s);
  CAF_CHECK_EQUAL(who(), 1u);
}

CAF_TEST(who is trusted never goes) {
  take(claim::trusted, 1h);
  take(claim::answering, 1ms);
  CAF_CHECK_EQUAL(who(), 1u);
  taken.pop_back();
  CAF_CHECK_EQUAL(who(), nobody);
}

CAF_TEST(a source that holds more than its share gives way first) {
  take("scraper", claim::idle, 50s);
  for (int n = 0; n < 5; ++n)
    take("crowd", claim::writing, 1s + n * 1s);
  take("scraper", claim::reading, 40s);
  take("other", claim::idle, 60s);
  CAF_CHECK_EQUAL(who(), 5u);
  // However busy it is, and whoever comes.
  CAF_CHECK_EQUAL(who("crowd"), 5u);
}

CAF_TEST(a newcomer counts for its source) {
  for (int n = 0; n < 2; ++n)
    take("a", claim::reading, 1s);
  for (int n = 0; n < 2; ++n)
    take("b", claim::reading, 2s);
  for (int n = 0; n < 4; ++n)
    take(claim::idle, 3s);
  CAF_CHECK_EQUAL(who(), 4u);
  CAF_CHECK_EQUAL(who("a"), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
