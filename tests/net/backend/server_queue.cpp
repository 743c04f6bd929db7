// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_server_queue
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture : session_fixture {
  /// One server that takes one request at a time and answers by hand.
  fake_server& serve_one() {
    auto& server = serve_by_hand();
    next.servers[0].max_connections = 1;
    return server;
  }

  served_client& ask() {
    auto& one = connect();
    one.client.send(simple_get);
    return one;
  }

  uint32_t waiting() const { return next.live->queue.waiting(); }

  bool waits(uint32_t count) {
    return run_until([=, this] { return waiting() == count; });
  }

  uint64_t refused(reason why) const {
    return live->clients->by_worker[0].refused[static_cast<size_t>(why)].get();
  }

  /// The server answers the newest request it has.
  void answer(fake_server& server, const std::string& body) {
    for (auto& connection : server.connections) {
      const auto rest =
        std::string_view{connection.received}.substr(connection.answered);
      if (const auto size = message_size(rest);
          size > 0 && connection.is_open()) {
        connection.answered += size;
        connection.send(ok(body));
        return;
      }
    }
    CAF_FAIL("nothing to answer");
  }

  bool has_request(fake_server& server) {
    return run_until([&] {
      for (auto& connection : server.connections)
        if (message_size(
              std::string_view{connection.received}.substr(connection.answered))
            > 0)
          return true;
      return false;
    });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(server_queue_tests, fixture)

CAF_TEST(who comes first is served first) {
  auto& server = serve_one();
  start();
  auto& first = ask();
  CAF_REQUIRE(has_request(server));
  auto& second = ask();
  CAF_REQUIRE(waits(1));
  auto& third = ask();
  CAF_REQUIRE(waits(2));
  CAF_CHECK(second.session->phase() == session_phase::queued);
  for (auto* one : {&first, &second, &third}) {
    CAF_REQUIRE(has_request(server));
    CAF_CHECK_EQUAL(known[0]->in_flight.load(), 1u);
    answer(server, "x");
    CAF_CHECK(answered(*one));
  }
  CAF_CHECK_EQUAL(waiting(), 0u);
}

CAF_TEST(a queue that is full refuses with its own reason) {
  auto& server = serve_one();
  next.queue.size = 1;
  start();
  ask();
  CAF_REQUIRE(has_request(server));
  ask();
  CAF_REQUIRE(waits(1));
  auto& third = ask();
  CAF_REQUIRE(answered(third));
  CAF_CHECK(third.client.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK_EQUAL(refused(reason::queue_full), 1u);
  CAF_CHECK_EQUAL(waiting(), 1u);
}

CAF_TEST(waiting too long ends with 503 and the connection goes on) {
  auto& server = serve_one();
  next.queue.timeout = milliseconds{50};
  start();
  ask();
  CAF_REQUIRE(has_request(server));
  auto& second = ask();
  CAF_REQUIRE(answered(second));
  CAF_CHECK(second.client.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK(second.client.received.find("Connection: close")
            == std::string::npos);
  CAF_CHECK_EQUAL(refused(reason::queue_timeout), 1u);
  CAF_CHECK_EQUAL(waiting(), 0u);
}

CAF_TEST(a client that goes leaves the queue at once) {
  auto& server = serve_one();
  start();
  ask();
  CAF_REQUIRE(has_request(server));
  auto& second = ask();
  auto& third = ask();
  CAF_REQUIRE(waits(2));
  second.client.reset();
  CAF_CHECK(waits(1));
  answer(server, "x");
  CAF_REQUIRE(has_request(server));
  answer(server, "x");
  CAF_CHECK(answered(third));
}

CAF_TEST(a new snapshot lets everybody look again) {
  auto& server = serve_one();
  start();
  ask();
  CAF_REQUIRE(has_request(server));
  auto& second = ask();
  CAF_REQUIRE(waits(1));
  serve();
  publish();
  CAF_CHECK(answered(second));
  CAF_CHECK_EQUAL(waiting(), 0u);
}

CAF_TEST(a backend that goes leaves nobody waiting) {
  auto& server = serve_one();
  start();
  ask();
  CAF_REQUIRE(has_request(server));
  auto& second = ask();
  CAF_REQUIRE(waits(1));
  backend->close();
  CAF_REQUIRE(answered(second));
  CAF_CHECK(second.client.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK_EQUAL(refused(reason::no_healthy_backend), 1u);
}

CAF_TEST(a stream waits as a request does) {
  settings.protocol = protocol::tcp;
  auto& server = serve_one();
  start();
  auto& first = connect();
  CAF_REQUIRE(run_until([&] { return server.connections.size() == 1; }));
  auto& second = connect();
  CAF_REQUIRE(waits(1));
  first.client.reset();
  CAF_CHECK(run_until([&] { return first.session->ended(); }));
  CAF_CHECK(run_until([&] { return server.connections.size() == 2; }));
  CAF_CHECK(run_until(
    [&] { return second.session->phase() == session_phase::tunnel; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
