// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http_retry
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

// Round robin starts at the first server: a1 is the one that fails.
struct fixture : session_fixture {
  /// a1 by hand, a2 answers.
  void start_with_two() {
    serve_by_hand();
    serve();
    next.passive.failures = 1; // every failure that counts is reported
    start();
  }

  fake_server& bad() { return servers[0]; }
  fake_server& good() { return servers[1]; }

  void empty_budget() {
    while (backend->budget().try_spend()) {
    }
  }

  /// The first `count` servers reset whoever has sent them something.
  void reset_who_asked(size_t count = SIZE_MAX) {
    for (size_t n = 0; n < std::min(count, servers.size()); ++n)
      for (auto& connection : servers[n].connections)
        if (connection.is_open() && !connection.received.empty())
          connection.reset();
  }

  bool is_502(const served_client& one) const {
    return one.client.received.starts_with("HTTP/1.1 502 ");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_retry_tests, fixture)

CAF_TEST(a GET whose server resets is sent to another one) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].reset();
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("a2 "));
  CAF_CHECK_EQUAL(bad().connections.size(), 1u);
  CAF_CHECK_EQUAL(retries().retries_success.get(), 1u);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(reporter.reported[0].server, "a1");
  CAF_CHECK(!reporter.reported[0].on_connect);
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 1u);
  CAF_CHECK_EQUAL(failures(1, reason::server_reset), 0u);
  // Both servers got the same head.
  CAF_CHECK_EQUAL(bad().received(), good().received());
}

CAF_TEST(a GET whose server closes without a word is sent to another one) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].finish();
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("a2 "));
}

CAF_TEST(half a response head is no reason to give up a GET) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send("HTTP/1.1 200 OK\r\nX-From: a1\r\n");
  turn(3);
  bad().connections[0].finish();
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("a2 "));
}

CAF_TEST(a POST is never sent again once a byte was taken) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_post("order"));
  CAF_CHECK(got_request(bad()));
  bad().connections[0].reset();
  CAF_CHECK(answered(one));
  CAF_CHECK(is_502(one));
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
  CAF_CHECK_EQUAL(refused(reason::server_reset), 1u);
  CAF_CHECK_EQUAL(bad().connections.size(), 1u);
}

CAF_TEST(a POST without a body is never sent again either) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_post(""));
  CAF_CHECK(got_request(bad()));
  bad().connections[0].finish();
  CAF_CHECK(answered(one));
  CAF_CHECK(is_502(one));
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
}

CAF_TEST(an idempotent request whose body has left is not sent again) {
  start_with_two();
  auto& one = connect();
  one.client.send(
    with_length("PUT / HTTP/1.1\r\nHost: t\r\n", "a body that is gone"));
  CAF_CHECK(got_request(bad()));
  bad().connections[0].reset();
  CAF_CHECK(answered(one));
  CAF_CHECK(is_502(one));
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
}

CAF_TEST(a POST that reached nobody goes to another server) {
  add_server(refusing_address());
  auto& server = serve();
  next.passive.failures = 1;
  start();
  empty_budget(); // connect failures spend nothing
  auto& one = connect();
  one.client.send(simple_post("order"));
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("a2 order"));
  CAF_CHECK_EQUAL(server.requests, 1u);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK(reporter.reported[0].on_connect);
}

CAF_TEST(servers that all refuse make a 503) {
  add_server(refusing_address());
  add_server(refusing_address());
  add_server(refusing_address());
  start();
  auto& one = connect();
  one.client.send(simple_post("order"));
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK_EQUAL(refused(reason::connect_failed), 1u);
  for (const auto& server : known)
    CAF_CHECK_EQUAL(server->by_worker[0].connect_failures.get(), 1u);
  for (size_t n = 0; n < known.size(); ++n)
    CAF_CHECK_EQUAL(failures(n, reason::connect_failed), 1u);
}

CAF_TEST(a request that every server resets is held against none of them) {
  for (int n = 0; n < 3; ++n)
    serve_by_hand();
  next.passive.failures = 1;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(run_until([&] {
    reset_who_asked();
    return message_size(one.client.received) > 0;
  }));
  CAF_CHECK(is_502(one));
  CAF_CHECK(reporter.reported.empty());
  for (size_t n = 0; n < known.size(); ++n)
    CAF_CHECK_EQUAL(failures(n, reason::server_reset), 1u);
}

CAF_TEST(a request that one server answers is held against the first only) {
  serve_by_hand();
  serve_by_hand();
  serve();
  next.passive.failures = 1;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(run_until([&] {
    reset_who_asked(2);
    return message_size(one.client.received) > 0;
  }));
  CAF_CHECK_EQUAL(one.client.received, ok("a3 "));
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(reporter.reported[0].server, "a1");
}

CAF_TEST(a reset and a counted 5xx of one request are held against nobody) {
  serve_by_hand();
  serve().answer = [](std::string_view) {
    return with_length("HTTP/1.1 500 Internal Server Error\r\n", "oh");
  };
  next.passive.failures = 1;
  next.passive.count_5xx = true;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].reset();
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 500 "));
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(servers that refuse are blamed though one request met them all) {
  for (int n = 0; n < 3; ++n)
    add_server(refusing_address());
  next.passive.failures = 1;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(reporter.reported.size(), 3u);
}

CAF_TEST(a lone server that resets every try is blamed once) {
  serve_by_hand();
  next.passive.failures = 1;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(run_until([&] {
    reset_who_asked();
    return message_size(one.client.received) > 0;
  }));
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(known[0]->by_worker[0].failures_in_row, 1u);
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 3u);
}

CAF_TEST(an empty budget gives 502 and says so) {
  start_with_two();
  empty_budget();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].reset();
  CAF_CHECK(answered(one));
  CAF_CHECK(is_502(one));
  CAF_CHECK_EQUAL(refused(reason::retry_budget), 1u);
  CAF_CHECK_EQUAL(refused(reason::server_reset), 0u);
  CAF_CHECK_EQUAL(retries().retries_budget_exhausted.get(), 1u);
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
  // The failure is evidence all the same.
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 1u);
}

CAF_TEST(retries_max bounds the tries) {
  for (int n = 0; n < 4; ++n)
    serve_by_hand();
  next.retries_max = 2;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(run_until([&] {
    reset_who_asked();
    return message_size(one.client.received) > 0;
  }));
  CAF_CHECK(is_502(one));
  size_t tried = 0;
  for (const auto& server : servers)
    tried += server.connections.size();
  CAF_CHECK_EQUAL(tried, 3u);
  CAF_CHECK_EQUAL(servers[3].connections.size(), 0u);
  CAF_CHECK_EQUAL(retries().retries_failure.get(), 1u);
}

CAF_TEST(no retries means one try) {
  serve_by_hand();
  serve();
  next.retries_max = 0;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].reset();
  CAF_CHECK(answered(one));
  CAF_CHECK(is_502(one));
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
}

CAF_TEST(a response that has begun is cut and not begun anew) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send(
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe beginning");
  CAF_CHECK(
    run_until([&] { return one.client.received.ends_with("the beginning"); }));
  bad().connections[0].finish();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("the beginning"));
  CAF_CHECK_EQUAL(count_of(one.client.received, "HTTP/1.1"), 1u);
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
  CAF_CHECK_EQUAL(refused(reason::server_reset), 1u);
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 1u);
  CAF_CHECK(reporter.reported.empty()); // it had answered
}

CAF_TEST(a response whose end nothing else shows is cut by a reset) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send("HTTP/1.1 200 OK\r\n\r\nhow long may this");
  CAF_CHECK(run_until(
    [&] { return one.client.received.ends_with("how long may this"); }));
  bad().connections[0].reset();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.was_reset);
}

CAF_TEST(a request is not sent again after a 1xx has gone out) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  CAF_CHECK(run_until([&] { return !one.client.received.empty(); }));
  bad().connections[0].reset();
  CAF_CHECK(
    run_until([&] { return count_of(one.client.received, "HTTP/1.1 ") == 2; }));
  CAF_CHECK(one.client.received.find("HTTP/1.1 502 ") != std::string::npos);
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
}

CAF_TEST(a malformed response is neither repeated nor passed on) {
  start_with_two();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send("HTTP/1.1 two hundred\r\n\r\n");
  CAF_CHECK(answered(one));
  CAF_CHECK(is_502(one));
  CAF_CHECK_EQUAL(refused(reason::bad_response), 1u);
  CAF_CHECK_EQUAL(failures(0, reason::bad_response), 1u);
  CAF_CHECK_EQUAL(good().connections.size(), 0u);
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
}

CAF_TEST(a pooled connection closed meanwhile is no failure) {
  serve_by_hand();
  next.passive.failures = 1;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send(ok("one"));
  CAF_CHECK(answered(one));
  CAF_REQUIRE_EQUAL(backend->pool().idle_count(), 1u);
  // It takes the second request and closes, as if both had crossed.
  bad().connections[0].received.clear();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].finish();
  CAF_CHECK(got_request(bad(), 1));
  bad().connections[1].send(ok("two"));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK_EQUAL(one.client.received, ok("one") + ok("two"));
  CAF_CHECK(reporter.reported.empty());
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 0u);
}

CAF_TEST(a POST does not trust a pooled connection that was closed) {
  serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send(ok("one"));
  CAF_CHECK(answered(one));
  CAF_REQUIRE_EQUAL(backend->pool().idle_count(), 1u);
  // The end and the request are there in the same turn.
  bad().connections[0].finish();
  one.client.send(simple_post("order"));
  CAF_CHECK(got_request(bad(), 1));
  bad().connections[1].send(ok("two"));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK(one.client.received.ends_with(ok("two")));
}

CAF_TEST(a PUT with a body does not trust one either) {
  // Idempotent, but its body leaves once and is not kept for another try.
  serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].send(ok("one"));
  CAF_CHECK(answered(one));
  CAF_REQUIRE_EQUAL(backend->pool().idle_count(), 1u);
  bad().connections[0].finish();
  one.client.send(
    "PUT /x HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nstate");
  CAF_CHECK(got_request(bad(), 1));
  bad().connections[1].send(ok("two"));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK(one.client.received.ends_with(ok("two")));
}

CAF_TEST(a server is tried again when there is no other) {
  serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(bad()));
  bad().connections[0].reset();
  CAF_CHECK(got_request(bad(), 1));
  bad().connections[1].send(ok("at last"));
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("at last"));
}

CAF_TEST(each request adds a fifth to the budget) {
  serve();
  start();
  empty_budget();
  auto& one = connect();
  for (size_t n = 1; n <= 5; ++n) {
    CAF_CHECK(!backend->budget().try_spend());
    one.client.send(simple_get);
    CAF_REQUIRE(answered(one, n));
  }
  CAF_CHECK(backend->budget().try_spend());
}

CAF_TEST_FIXTURE_SCOPE_END()
