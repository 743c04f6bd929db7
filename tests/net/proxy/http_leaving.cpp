// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http_leaving
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

// What a FIN from the client means: before a server has the request, that
// nobody wants the answer; afterwards, nothing.

CAF_TEST_FIXTURE_SCOPE(http_leaving_tests, session_fixture)

CAF_TEST(a client that closes leaves the queue at once) {
  auto& server = serve_by_hand();
  next.servers[0].max_connections = 1;
  start();
  auto& first = connect();
  first.client.send(simple_get);
  CAF_CHECK(got_request(server));
  auto& gone = connect();
  gone.client.send(simple_get);
  auto& patient = connect();
  patient.client.send(simple_post("patient"));
  CAF_CHECK(run_until([&] { return next.live->queue.waiting() == 2; }));
  gone.client.finish();
  CAF_CHECK(over(gone));
  CAF_CHECK_EQUAL(gone.client.received, "");
  CAF_CHECK_EQUAL(next.live->queue.waiting(), 1u);
  server.connections[0].send(ok("first"));
  CAF_CHECK(run_until([&] { return server.received().ends_with("patient"); }));
  CAF_CHECK_EQUAL(count_of(server.received(), "HTTP/1.1\r\n"), 2u);
  patient.session->cut(reason::shutdown);
}

CAF_TEST(a client that closes with its upload unread leaves the queue too) {
  auto& server = serve_by_hand();
  next.servers[0].max_connections = 1;
  start();
  auto& first = connect();
  first.client.send(simple_get);
  CAF_CHECK(got_request(server));
  auto& gone = connect();
  gone.client.send(simple_post(pattern(200'000)));
  CAF_CHECK(run_until([&] { return next.live->queue.waiting() == 1; }));
  gone.client.finish();
  CAF_CHECK(over(gone));
  CAF_CHECK_EQUAL(next.live->queue.waiting(), 0u);
  CAF_CHECK_EQUAL(count_of(server.received(), "HTTP/1.1\r\n"), 1u);
}

CAF_TEST(a client that closes while a server is connected to takes it along) {
  full_server full;
  add_server(full.address());
  next.passive.failures = 1;
  next.timeout_connect = 1h;
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(run_until(
    [&] { return one.session->phase() == session_phase::connecting; }));
  one.client.finish();
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(one.client.received, "");
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
  CAF_CHECK(reporter.reported.empty());
  CAF_CHECK_EQUAL(failures(0, reason::connect_timeout), 0u);
}

CAF_TEST(a client that finishes with its request gets its answer all the same) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  one.client.finish(); // there before the connection to the server is
  CAF_CHECK(got_request(server));
  turn(5);
  server.connections[0].send(ok("late"));
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(one.client.received, ok("late"));
}

CAF_TEST(a stream that is half closed in the queue is not given up) {
  settings.protocol = protocol::tcp;
  auto& server = serve_by_hand();
  next.servers[0].max_connections = 1;
  start();
  auto& first = connect();
  CAF_CHECK(run_until([&] { return server.connections.size() == 1; }));
  auto& second = connect();
  second.client.send("question");
  second.client.finish();
  turn(5);
  CAF_CHECK(second.session->phase() == session_phase::queued);
  first.client.reset();
  CAF_CHECK(run_until([&] { return server.connections.size() == 2; }));
  auto& connection = server.connections[1];
  CAF_CHECK(run_until([&] { return connection.ended; }));
  CAF_CHECK_EQUAL(connection.received, "question");
  connection.send("answer");
  connection.finish();
  CAF_CHECK(over(second));
  CAF_CHECK_EQUAL(second.client.received, "answer");
}

CAF_TEST_FIXTURE_SCOPE_END()
