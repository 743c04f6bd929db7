// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http_ends
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

// How a journey over HTTP ends when nobody finishes it: timeouts, draining,
// cuts, and too little memory.

CAF_TEST_FIXTURE_SCOPE(http_end_tests, session_fixture)

CAF_TEST(a slow head is answered with 408) {
  settings.http.timeout_header = 60ms;
  serve();
  start();
  auto& one = connect();
  const auto began = clock::now();
  one.client.send("GET / HTTP/1.1\r\nHo");
  CAF_CHECK(over(one));
  CAF_CHECK(clock::now() - began >= 60ms);
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 408 "));
  CAF_CHECK(one.client.received.find("request id: ") != std::string::npos);
  CAF_CHECK(live->by_worker[0].duration.sum_us.get() >= 60'000u);
  CAF_CHECK_EQUAL(refused(reason::client_timeout), 1u);
}

CAF_TEST(more bytes do not give a slow head more time) {
  settings.http.timeout_header = 150ms;
  serve();
  start();
  auto& one = connect();
  one.client.send("GET / HTTP/1.1\r\nHost: t\r\nX: ");
  const auto began = clock::now();
  CAF_CHECK(run_until([&] {
    if (!one.client.is_over())
      one.client.send("x");
    return one.client.received.starts_with("HTTP/1.1 408 ");
  }));
  CAF_CHECK(clock::now() - began < 10s);
}

CAF_TEST(a client that never says a word is let go without an answer) {
  settings.http.timeout_header = 60ms;
  serve();
  start();
  auto& one = connect();
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(one.client.received, "");
}

CAF_TEST(a resting connection is closed after timeout_keep_alive) {
  settings.http.timeout_keep_alive = 60ms;
  serve();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  const auto rested = clock::now();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.ended);
  CAF_CHECK(clock::now() - rested >= 40ms); // it was answered a little earlier
  CAF_CHECK_EQUAL(one.client.received, ok("a1 "));
}

CAF_TEST(a connection that has rested for a second can be taken and goes on) {
  serve();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  const auto answered_at = event_loop.now();
  CAF_CHECK(!one.session->take_idle());
  std::optional<idle_client> taken;
  CAF_CHECK(run_until([&] {
    taken = one.session->take_idle();
    return taken.has_value();
  }));
  CAF_CHECK(event_loop.now() - answered_at >= parks_after - 100ms);
  CAF_CHECK(one.session->ended());
  CAF_CHECK_EQUAL(taken->requests, 1u);
  one.wake(*taken);
  one.client.send(simple_get);
  CAF_CHECK(answered(one, 2));
  CAF_CHECK_EQUAL(one.session->requests(), 2u);
}

CAF_TEST(who has made no request or has half of one cannot be taken) {
  serve();
  start();
  auto& silent = connect();
  auto& slow = connect();
  slow.client.send(simple_get);
  CAF_CHECK(answered(slow));
  slow.client.send("GET");
  const auto begin = clock::now();
  CAF_CHECK(
    run_until([&] { return clock::now() - begin > parks_after + 100ms; }));
  CAF_CHECK(!silent.session->take_idle());
  CAF_CHECK(!slow.session->take_idle());
}

CAF_TEST(a silent server is answered for with 504 and blamed) {
  serve_by_hand();
  next.timeout_response = 60ms;
  next.passive.failures = 1;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 504 "));
  CAF_CHECK_EQUAL(refused(reason::server_timeout), 1u);
  CAF_CHECK_EQUAL(failures(0, reason::server_timeout), 1u);
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 0u);
}

CAF_TEST(a body that stalls half way is the fault of its client) {
  settings.http.timeout_idle = 60ms;
  next.passive.failures = 1;
  serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nhalf");
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 408 "));
  CAF_CHECK_EQUAL(refused(reason::client_timeout), 1u);
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(an upload that stalls behind the head of its response blames nobody) {
  settings.http.timeout_idle = 60ms;
  next.passive.failures = 1;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nhalf");
  CAF_CHECK(run_until([&] {
    return !server.connections.empty()
        && server.connections[0].received.ends_with("half");
  }));
  server.connections[0].send(
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("half"));
  CAF_CHECK_EQUAL(refused(reason::client_timeout), 1u);
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(an upload that stalls behind 100 Continue is answered with 408) {
  settings.http.timeout_idle = 60ms;
  next.passive.failures = 1;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n"
                  "Expect: 100-continue\r\n\r\n");
  CAF_CHECK(run_until([&] { return !server.connections.empty(); }));
  server.connections[0].send("HTTP/1.1 100 Continue\r\n\r\n");
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.find("HTTP/1.1 408 ") != std::string::npos);
  CAF_CHECK_EQUAL(refused(reason::client_timeout), 1u);
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(a server that stalls in its body cuts the response unblamed) {
  settings.http.timeout_idle = 60ms;
  next.passive.failures = 1;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  server.connections[0].send(
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("half"));
  CAF_CHECK_EQUAL(refused(reason::server_timeout), 1u);
  CAF_CHECK_EQUAL(failures(0, reason::server_timeout), 1u);
  CAF_CHECK(reporter.reported.empty());
}

CAF_TEST(whatever happens behind its head is not held against a server) {
  next.passive.failures = 1;
  auto& server = serve_by_hand();
  start();
  const auto answer_and = [&](std::string_view head, auto end) {
    auto& one = connect();
    one.client.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\n"
                    "Upgrade: x\r\n\r\n");
    const auto number = server.connections.size();
    CAF_REQUIRE(got_request(server, number));
    auto& it = server.connections[number];
    it.send(head);
    CAF_REQUIRE(run_until([&] { return !one.client.received.empty(); }));
    end(it);
    CAF_CHECK(over(one));
  };
  const auto reset = [](server_end& x) { x.reset(); };
  const auto close = [](server_end& x) { x.close(); };
  const auto spoil = [](server_end& x) { x.send("no chunk\r\n"); };
  const std::string ok_head = "HTTP/1.1 200 OK\r\n";
  answer_and(ok_head + "Content-Length: 9\r\n\r\nhalf", reset);
  answer_and(ok_head + "Content-Length: 9\r\n\r\nhalf", close);
  answer_and(ok_head + "\r\nhalf", reset);
  answer_and(ok_head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", close);
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 4u);
  answer_and(ok_head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", spoil);
  CAF_CHECK_EQUAL(failures(0, reason::bad_response), 1u);
  answer_and("HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
             reset);
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 5u);
  CAF_CHECK(reporter.reported.empty());
  CAF_CHECK_EQUAL(known[0]->by_worker[0].failures_in_row, 0u);
}

CAF_TEST(a reader that stalls is cut and is no fault of the server) {
  settings.http.timeout_idle = 150ms;
  next.passive.failures = 1;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.paused = true;
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  server.connections[0].send(ok(pattern(24u << 20)));
  CAF_CHECK(run_until([&] { return one.session->ended(); }));
  CAF_CHECK_EQUAL(refused(reason::client_timeout), 1u);
  CAF_CHECK(reporter.reported.empty());
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
}

CAF_TEST(a resting connection ends at once when it is drained) {
  serve();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  one.session->drain();
  CAF_CHECK(one.session->ended());
}

CAF_TEST(a request in the socket is answered although it is drained) {
  serve();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  one.client.send(simple_get); // no turn of the loop has seen it
  one.session->drain();
  CAF_CHECK(!one.session->ended());
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(count_of(one.client.received, "HTTP/1.1 200 OK"), 2u);
  CAF_CHECK(one.client.received.find("Connection: close") != std::string::npos);
}

CAF_TEST(a request under way is finished and told to be the last) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  one.session->drain();
  CAF_CHECK(!one.session->ended());
  server.connections[0].send(ok("the last"));
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("the last"));
  CAF_CHECK(one.client.received.find("Connection: close") != std::string::npos);
}

CAF_TEST(who has just connected may still bring its request while draining) {
  serve();
  start();
  auto& one = connect();
  one.session->drain();
  CAF_CHECK(!one.session->ended());
  one.client.send(simple_get);
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 200 OK"));
}

CAF_TEST(a cut gives everything back whatever is under way) {
  auto& server = serve_by_hand();
  start();
  const std::string response =
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
  for (size_t phase = 0; phase < 4; ++phase) {
    auto& one = connect();
    if (phase > 0)
      one.client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n");
    if (phase > 1) {
      one.client.send("\r\nhalf");
      CAF_CHECK(run_until([&] {
        return !server.connections.empty()
            && server.connections.back().received.ends_with("half");
      }));
    }
    if (phase > 2) {
      server.connections.back().send(response);
      CAF_CHECK(
        run_until([&] { return one.client.received.ends_with("half"); }));
    }
    turn(2);
    one.session->cut(reason::killed_by_admin);
    CAF_CHECK(one.session->ended());
    CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
    CAF_CHECK_EQUAL(event_loop.buffers().in_use().get(), 0u);
    CAF_CHECK(over(one));
    server.connections.clear();
  }
  CAF_CHECK_EQUAL(refused(reason::killed_by_admin), 2u);
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 0u);
}

CAF_TEST(a server failure that counts as one includes 5xx when asked to) {
  auto& server = serve();
  server.answer = [](std::string_view) {
    return with_length("HTTP/1.1 500 Internal Server Error\r\n", "oh");
  };
  next.passive.failures = 2;
  next.passive.count_5xx = true;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  CAF_CHECK(reporter.reported.empty());
  one.client.send(simple_get);
  CAF_CHECK(answered(one, 2));
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
  next.passive.count_5xx = false;
  publish();
  one.client.send(simple_get);
  CAF_CHECK(answered(one, 3));
  CAF_CHECK_EQUAL(known[0]->by_worker[0].failures_in_row, 0u);
  CAF_CHECK_EQUAL(counted(5), 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

struct scarce_fixture : session_fixture {
  scarce_fixture() : session_fixture(200'000) {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_memory_tests, scarce_fixture)

CAF_TEST(a new request is refused while the buffers are full) {
  auto& server = serve();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  buffer hog;
  hog.append(event_loop.buffers(), std::string(200'000, 'x'));
  one.client.received.clear();
  one.client.send(simple_get);
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK_EQUAL(refused(reason::memory), 1u);
  CAF_CHECK_EQUAL(server.requests, 1u);
  hog.reset();
  auto& two = connect();
  two.client.send(simple_get);
  CAF_CHECK(answered(two));
  CAF_CHECK_EQUAL(two.client.received, ok("a1 "));
}

CAF_TEST(the oldest half heads give way when the buffers are full) {
  serve();
  start();
  const std::string half =
    "GET / HTTP/1.1\r\nHost: t\r\nX: " + std::string(14'000, 'x');
  const auto& in_use = event_loop.buffers().in_use();
  std::vector<served_client*> slow;
  for (uint64_t i = 1; i <= 12; ++i) { // of 16 KiB each: the bound is 200,000
    slow.push_back(&connect());
    slow.back()->client.send(half);
    CAF_REQUIRE(run_until([&] { return in_use.get() == i * 16'384; }));
  }
  for (size_t i = 0; i < 3; ++i) {
    slow.push_back(&connect());
    slow.back()->client.send(half);
    CAF_CHECK(over(*slow[i]));
    CAF_CHECK(slow[i]->client.received.starts_with("HTTP/1.1 503 "));
    CAF_CHECK(in_use.get() < 200'000);
  }
  // Those that are over are the oldest, however many the clock made it.
  const auto gone = static_cast<size_t>(
    std::count_if(slow.begin(), slow.end(),
                  [](const auto* x) { return x->session->ended(); }));
  CAF_CHECK_GREATER_OR_EQUAL(refused(reason::memory), gone);
  for (size_t i = 0; i < slow.size(); ++i)
    CAF_CHECK_EQUAL(slow[i]->session->ended(), i < gone);
  // Whole requests are let in, and so is a head that comes to its end.
  auto& whole = connect();
  whole.client.send(simple_get);
  CAF_CHECK(answered(whole));
  CAF_CHECK(whole.client.received.starts_with("HTTP/1.1 200 OK"));
}

CAF_TEST(a whole request takes the place of half ones) {
  serve();
  start();
  auto& slow = connect();
  slow.client.send("GET / HTTP/1.1\r\n");
  CAF_REQUIRE(
    run_until([&] { return event_loop.buffers().in_use().get() > 0; }));
  // What else fills the buffers leaves room for this one only.
  buffer hog;
  hog.append(event_loop.buffers(), std::string(199'500, 'x'));
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received.substr(0, 15), "HTTP/1.1 200 OK");
  CAF_CHECK(over(slow));
  CAF_CHECK(slow.client.received.starts_with("HTTP/1.1 503 "));
}

CAF_TEST_FIXTURE_SCOPE_END()
