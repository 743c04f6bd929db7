// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http_pace
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

// Who is slow and who stands still: signs of life of servers, early answers to
// uploads, bounds of bodies, readers that take little.

namespace {

struct fixture : session_fixture {
  /// Calls `step` every `pause`, `count` times.
  template <class F>
  void every(milliseconds pause, int count, F&& step) {
    for (int n = 0; n < count; ++n) {
      const auto then = clock::now() + pause;
      run_until([&] { return clock::now() >= then; });
      step();
    }
  }

  static constexpr std::string_view hint =
    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_pace_tests, fixture)

CAF_TEST(as many interim responses as a server likes go before its own) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  for (int n = 0; n < 100; ++n)
    server.connections[0].send(hint);
  server.connections[0].send(ok("at last"));
  CAF_CHECK(
    run_until([&] { return one.client.received.ends_with("at last"); }));
  CAF_CHECK_EQUAL(count_of(one.client.received, "HTTP/1.1 103 "), 100u);
}

CAF_TEST(endless interim responses end in 502 and blame nobody) {
  next.passive.failures = 1;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  CAF_CHECK(run_until([&] {
    if (server.connections[0].is_open() && !server.connections[0].is_over())
      server.connections[0].send(hint);
    return one.client.received.find("HTTP/1.1 502 ") != std::string::npos;
  }));
  const auto passed = count_of(one.client.received, "HTTP/1.1 103 ");
  CAF_CHECK_EQUAL(passed, 65'536u / hint.size());
  CAF_CHECK_EQUAL(failures(0, reason::bad_response), 1u);
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(an interim response is a sign of life) {
  next.timeout_response = 300ms;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  every(120ms, 6,
        [&] { server.connections[0].send("HTTP/1.1 102 Processing\r\n\r\n"); });
  server.connections[0].send(ok("alive"));
  CAF_CHECK(run_until([&] { return one.client.received.ends_with("alive"); }));
  CAF_CHECK_EQUAL(count_of(one.client.received, "HTTP/1.1 102 "), 6u);
}

CAF_TEST(a client that sends all of its body first finds the early answer) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.paused = true; // as libraries do that write before they read
  const size_t size = 8u << 20;
  one.client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: "
                  + std::to_string(size) + "\r\n\r\n");
  CAF_CHECK(run_until([&] { return !server.connections.empty(); }));
  server.connections[0].send(with_length("HTTP/1.1 401 No\r\n", "login"));
  CAF_CHECK(
    run_until([&] { return one.session->phase() == session_phase::closing; }));
  one.client.send(pattern(size));
  CAF_CHECK(run_until([&] { return one.client.unsent() == 0; }));
  one.client.paused = false;
  CAF_CHECK(run_until([&] { return one.client.is_over(); }));
  CAF_CHECK(one.client.received.ends_with("login"));
  CAF_CHECK(!one.client.was_reset);
}

CAF_TEST(a pause longer than two seconds does not cost it the answer) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.paused = true;
  one.client.send(
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2000\r\n\r\nbegin");
  CAF_CHECK(run_until([&] { return server.received().ends_with("begin"); }));
  server.connections[0].send(with_length("HTTP/1.1 401 No\r\n", "login"));
  every(2300ms, 1, [&] { one.client.send(std::string(1995, 'x')); });
  one.client.paused = false;
  one.client.finish();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("login"));
  CAF_CHECK(!one.client.was_reset);
}

CAF_TEST(a client that is silent after an early answer is let go) {
  settings.http.timeout_idle = 60ms;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2000\r\n\r\nbegin");
  CAF_CHECK(run_until([&] { return server.received().ends_with("begin"); }));
  server.connections[0].send(with_length("HTTP/1.1 401 No\r\n", "login"));
  CAF_CHECK(run_until([&] { return one.session->ended(); }));
}

CAF_TEST(a body that takes longer than timeout_body is answered with 408) {
  settings.http.timeout_body = 300ms;
  next.passive.failures = 1;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n");
  const auto began = clock::now();
  CAF_CHECK(run_until([&] {
    if (!one.client.is_over())
      one.client.send("x");
    return one.client.received.starts_with("HTTP/1.1 408 ");
  }));
  CAF_CHECK(clock::now() - began >= 250ms);
  CAF_CHECK(clock::now() - began < 10s);
  CAF_CHECK_EQUAL(refused(reason::client_timeout), 1u);
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(a silent body is cut by timeout_body before timeout_idle) {
  settings.http.timeout_body = 100ms;
  serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nx");
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 408 "));
}

CAF_TEST(time in which the server takes nothing is not the client s) {
  settings.http.timeout_body = 300ms;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  const auto body = pattern(24u << 20);
  one.client.send(simple_post(body));
  CAF_CHECK(run_until([&] { return !server.connections.empty(); }));
  server.connections[0].paused = true;
  every(600ms, 1, [&] { server.connections[0].paused = false; });
  CAF_CHECK(run_until([&] { return server.received().ends_with(body); }));
  server.connections[0].send(ok("thanks"));
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.ends_with("thanks"));
}

CAF_TEST(a reader that takes a little at a time is not cut) {
  settings.http.timeout_idle = 500ms;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.paused = true;
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  server.connections[0].send(ok(pattern(24u << 20)));
  std::string taken(64 << 10, '\0');
  every(50ms, 40, [&] {
    const auto n = ::recv(one.client.fd(), taken.data(), taken.size(), 0);
    CAF_CHECK(n > 0);
  });
  CAF_CHECK(one.session->phase() == session_phase::exchange);
  CAF_CHECK_EQUAL(refused(reason::client_timeout), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
