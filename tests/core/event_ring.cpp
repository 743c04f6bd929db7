// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE event_ring

#include "core/event_ring.hpp"

#include "caf_test.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace troupe;

namespace {

constexpr uint64_t first = 5'000'001;

struct fixture {
  void add(std::string text, event_kind kind = event_kind::server) {
    ring.add({0, 0, kind, event_level::info, "", std::move(text)});
  }

  static std::vector<std::string> texts(const event_ring::slice& x) {
    std::vector<std::string> result;
    for (const auto& each : x.events)
      result.push_back(each.text);
    return result;
  }

  event_ring ring{5'000};
};

using strings = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_ring_tests, fixture)

CAF_TEST(ids begin with the time of the start and grow by one) {
  CAF_CHECK_EQUAL(ring.last(), first - 1);
  add("a");
  add("b");
  const auto all = ring.after(0, 10);
  CAF_REQUIRE_EQUAL(all.events.size(), 2u);
  CAF_CHECK_EQUAL(all.events[0].id, first);
  CAF_CHECK_EQUAL(all.events[1].id, first + 1);
  CAF_CHECK_EQUAL(all.last, first + 1);
  CAF_CHECK_EQUAL(ring.last(), first + 1);
}

CAF_TEST(a reader goes on where it was) {
  for (const auto* text : {"a", "b", "c"})
    add(text);
  const auto one = ring.after(first - 1, 2);
  CAF_CHECK_EQUAL(texts(one), (strings{"a", "b"}));
  CAF_CHECK(!one.lost);
  const auto two = ring.after(one.last, 2);
  CAF_CHECK_EQUAL(texts(two), strings{"c"});
  const auto three = ring.after(two.last, 2);
  CAF_CHECK(three.events.empty() && !three.lost);
  CAF_CHECK_EQUAL(three.last, two.last);
}

CAF_TEST(a reader of one kind does not look at the others twice) {
  add("a");
  add("b", event_kind::config);
  add("c");
  const auto found = ring.after(0, 10, event_kind::config);
  CAF_CHECK_EQUAL(texts(found), strings{"b"});
  CAF_CHECK_EQUAL(found.last, first + 2);
  CAF_CHECK_EQUAL(texts(ring.newest(1, event_kind::config)), strings{"b"});
}

CAF_TEST(the newest come oldest first) {
  for (const auto* text : {"a", "b", "c"})
    add(text);
  CAF_CHECK_EQUAL(texts(ring.newest(2)), (strings{"b", "c"}));
}

CAF_TEST(an id of another start is before all events) {
  add("a");
  CAF_CHECK_EQUAL(texts(ring.after(77, 10)), strings{"a"});
  CAF_CHECK_EQUAL(texts(ring.after(first + 1'000'000, 10)), strings{"a"});
  CAF_CHECK(!ring.after(77, 10).lost);
}

CAF_TEST(who comes too late is told so) {
  for (size_t n = 0; n < event_ring::events_max + 5; ++n)
    add(std::to_string(n));
  const auto late = ring.after(first, 1);
  CAF_CHECK(late.lost);
  CAF_CHECK_EQUAL(texts(late), strings{"5"});
  CAF_CHECK(!ring.after(first + 4, 1).lost);
  CAF_CHECK_EQUAL(ring.newest(5'000).events.size(), event_ring::events_max);
}

CAF_TEST(who watches is told of every event until it stops) {
  int told = 0;
  auto watch = ring.watch([&] { ++told; });
  add("a");
  add("b");
  CAF_CHECK_EQUAL(told, 2);
  watch.reset();
  add("c");
  CAF_CHECK_EQUAL(told, 2);
}

CAF_TEST(kinds are read back from their names) {
  for (const auto kind :
       {event_kind::daemon, event_kind::server, event_kind::operation,
        event_kind::config, event_kind::cluster, event_kind::verdict,
        event_kind::actor})
    CAF_CHECK(event_kind_of(to_string(kind)) == kind);
  CAF_CHECK(!event_kind_of("servers"));
}

CAF_TEST_FIXTURE_SCOPE_END()
