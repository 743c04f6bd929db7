// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_backend_slot
#include "caf_test.hpp"

#include "net/backend_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture : backend_fixture {
  fixture() {
    add_server(*endpoint::parse("127.0.0.1:1"));
    add_server(*endpoint::parse("127.0.0.1:2"));
    next.passive.failures = 3;
    publish();
  }

  void fail(int times, bool on_connect = true, size_t index = 0) {
    for (int n = 0; n < times; ++n)
      backend->note_failure(*known[index], on_connect);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(backend_slot_tests, fixture)

CAF_TEST(failures are reported exactly at the threshold) {
  fail(2);
  CAF_CHECK(reporter.reported.empty());
  fail(1);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(reporter.reported[0].server, "a1");
  CAF_CHECK_EQUAL(reporter.reported[0].count, 3u);
  CAF_CHECK(reporter.reported[0].on_connect);
}

CAF_TEST(beyond the threshold a storm is one report in 100 ms) {
  fail(1000);
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
  const auto first = event_loop.now();
  CAF_CHECK(run_until([&] { return event_loop.now() - first > 100ms; }));
  turn();
  fail(1000);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 2u);
  CAF_CHECK_EQUAL(reporter.reported[1].count, 1001u);
}

CAF_TEST(a server reaches its threshold while another one makes a storm) {
  fail(1000);
  fail(3, false, 1);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 2u);
  CAF_CHECK_EQUAL(reporter.reported[1].server, "a2");
  CAF_CHECK(!reporter.reported[1].on_connect);
}

CAF_TEST(a success starts the count anew) {
  fail(2);
  backend->note_success(*known[0]);
  fail(2);
  CAF_CHECK(reporter.reported.empty());
  fail(1);
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
}

CAF_TEST(failures of one server do not count for another) {
  fail(2, true, 0);
  fail(2, true, 1);
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(only connect failures count as such) {
  fail(2, true);
  fail(5, false);
  CAF_CHECK_EQUAL(backend->counters(*known[0]).connect_failures.get(), 2u);
}

CAF_TEST(a storm of one server does not silence another one) {
  fail(1000);
  fail(1000, true, 1);
  const auto first = event_loop.now();
  CAF_CHECK(run_until([&] { return event_loop.now() - first > 100ms; }));
  turn();
  fail(1);
  fail(1, true, 1);
  CAF_CHECK_EQUAL(reporter.reported.size(), 4u);
}

CAF_TEST(connect failures of all workers count together) {
  auto shared = std::make_shared<server_live>("app", "a3", 2);
  local_ptr<backend_slot> other{
    new backend_slot{"app", event_loop, 1, reporter, 0}};
  auto snapshot = next;
  snapshot.live = std::make_shared<backend_live>("app", 2);
  other->adopt(std::make_shared<const backend_snapshot>(snapshot));
  backend->note_failure(*shared, true);
  other->note_failure(*shared, true);
  CAF_CHECK(reporter.reported.empty());
  backend->note_failure(*shared, true);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(reporter.reported[0].count, 3u);
  // A success on one of them is one for all.
  other->note_success(*shared);
  CAF_CHECK_EQUAL(shared->failed_connects.in_row(), 0u);
}

CAF_TEST(two connect failures are enough while a peer suspects the server) {
  known[0]->failed_connects.suspect_until(event_loop.now() + 10s);
  fail(1);
  CAF_CHECK(reporter.reported.empty());
  fail(1);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(reporter.reported[0].count, 2u);
  // Not of another server nor of another kind nor for ever.
  fail(2, true, 1);
  known[1]->failed_connects.suspect_until(event_loop.now());
  backend->note_success(*known[0]);
  fail(2, false);
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
}

CAF_TEST(before the first snapshot nothing is current) {
  local_ptr<backend_slot> fresh{
    new backend_slot{"new", event_loop, 0, reporter, 0}};
  CAF_CHECK(fresh->current() == nullptr);
  CAF_CHECK(fresh->counters() == nullptr);
  fresh->note_failure(*known[0], true); // no threshold is known yet
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(a replaced snapshot is handed back once the last request let go) {
  auto held = backend->current();
  const auto* old = held->snapshot.get();
  {
    const auto request = held;
    publish();
    CAF_CHECK(backend->current()->snapshot.get() != old);
    CAF_CHECK(reporter.retired.empty());
  }
  CAF_CHECK(reporter.retired.empty());
  held.reset();
  CAF_REQUIRE_EQUAL(reporter.retired.size(), 1u);
  CAF_CHECK(reporter.retired[0].get() == old);
}

CAF_TEST_FIXTURE_SCOPE_END()
