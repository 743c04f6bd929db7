// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_tcp_session
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture : session_fixture {
  fixture() { settings.protocol = protocol::tcp; }

  bool reached(fake_server& server) {
    return run_until([&] { return !server.connections.empty(); });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tcp_session_tests, fixture)

CAF_TEST(a stream goes to a server and both ways) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("hello");
  CAF_CHECK(reached(server));
  server.connections[0].send("welcome");
  CAF_CHECK(run_until([&] {
    return server.received() == "hello" && one.client.received == "welcome";
  }));
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 1u);
  CAF_CHECK_EQUAL(one.session->server(), "a1");
  CAF_REQUIRE(one.session->upstream() != nullptr);
  CAF_CHECK(one.session->upstream()->server == known[0].get());
}

CAF_TEST(a server may speak first) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  CAF_CHECK(reached(server));
  server.connections[0].send("220 ready\r\n");
  CAF_CHECK(run_until([&] { return one.client.received == "220 ready\r\n"; }));
}

CAF_TEST(half a stream may end before the other) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("question");
  one.client.finish();
  CAF_CHECK(reached(server));
  CAF_CHECK(run_until([&] { return server.connections[0].ended; }));
  CAF_CHECK(!one.session->ended());
  server.connections[0].send("answer");
  server.connections[0].finish();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.ended);
  CAF_CHECK_EQUAL(one.client.received, "answer");
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
  const auto& counts = known[0]->by_worker[0];
  CAF_CHECK_EQUAL(counts.requests[1].get(), 1u);
  CAF_CHECK_EQUAL(counts.bytes_sent.get(), 8u);
  CAF_CHECK_EQUAL(counts.bytes_received.get(), 6u);
}

CAF_TEST(a reset of one side resets the other) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  CAF_CHECK(reached(server));
  server.connections[0].reset();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.was_reset);
  auto& two = connect();
  CAF_CHECK(run_until([&] { return server.connections.size() == 2; }));
  two.client.reset();
  CAF_CHECK(run_until([&] { return server.connections[1].is_over(); }));
  CAF_CHECK(server.connections[1].was_reset);
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
}

CAF_TEST(a reset is held against a server only before its first byte) {
  auto& server = serve_by_hand();
  next.passive.failures = 1;
  start();
  auto& one = connect();
  CAF_CHECK(reached(server));
  server.connections[0].send("hello");
  CAF_CHECK(run_until([&] { return one.client.received == "hello"; }));
  server.connections[0].reset();
  CAF_CHECK(over(one));
  CAF_CHECK(reporter.reported.empty());
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 1u);
  auto& two = connect();
  CAF_CHECK(run_until([&] { return server.connections.size() == 2; }));
  server.connections[1].reset();
  CAF_CHECK(over(two));
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(failures(0, reason::server_reset), 2u);
}

CAF_TEST(a server that refuses is passed over and blamed) {
  add_server(refusing_address());
  auto& server = serve_by_hand();
  next.passive.failures = 1;
  start();
  auto& one = connect();
  one.client.send("hello");
  CAF_CHECK(run_until([&] { return server.received() == "hello"; }));
  CAF_CHECK_EQUAL(one.session->server(), "a2");
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
  CAF_CHECK_EQUAL(known[0]->by_worker[0].connect_failures.get(), 1u);
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u);
}

CAF_TEST(without a server the client is closed and counted) {
  add_server(refusing_address());
  start();
  auto& one = connect();
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(refused(reason::connect_failed), 1u);
  next.usable.clear();
  publish();
  auto& two = connect();
  CAF_CHECK(over(two));
  CAF_CHECK_EQUAL(refused(reason::no_healthy_backend), 1u);
}

CAF_TEST(a stream nobody uses ends after timeout_idle) {
  settings.tcp.timeout_idle = 60ms;
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  CAF_CHECK(reached(server));
  const auto began = clock::now();
  CAF_CHECK(over(one));
  CAF_CHECK(clock::now() - began >= 30ms);
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
}

CAF_TEST(a cut reaches both sides as a reset) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("some");
  CAF_CHECK(run_until([&] { return server.received() == "some"; }));
  one.session->drain(); // a stream has no place to stop
  CAF_CHECK(!one.session->ended());
  one.session->cut(reason::drained);
  CAF_CHECK(one.session->ended());
  CAF_CHECK(over(one));
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
  CAF_CHECK(one.client.was_reset);
  CAF_CHECK(server.connections[0].was_reset);
}

CAF_TEST(a server at its limit gets no stream beyond it) {
  auto& server = serve_by_hand();
  next.servers[0].max_connections = 1;
  start();
  auto& one = connect();
  CAF_CHECK(reached(server));
  auto& two = connect();
  CAF_CHECK(over(two));
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 1u);
  one.session->cut(reason::drained);
  auto& three = connect();
  CAF_CHECK(run_until([&] { return server.connections.size() == 2; }));
  CAF_CHECK(!three.session->ended());
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

struct scarce_fixture : session_fixture {
  scarce_fixture() : session_fixture(200'000) {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tcp_memory_tests, scarce_fixture)

CAF_TEST(a new stream is refused while the buffers are full) {
  settings.protocol = protocol::tcp;
  serve_by_hand();
  start();
  buffer hog;
  hog.append(event_loop.buffers(), std::string(200'000, 'x'));
  auto& one = connect();
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(refused(reason::memory), 1u);
  CAF_CHECK(servers[0].connections.empty());
  hog.reset();
  connect();
  CAF_CHECK(run_until([&] { return servers[0].connections.size() == 1; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
