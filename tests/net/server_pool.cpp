// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_server_pool
#include "caf_test.hpp"

#include "net/backend_fixture.hpp"

#include <deque>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture : backend_fixture, stream_owner {
  fixture() : backend_fixture(64u << 20, {128, 100}) {
    add_server(listening.address());
    next.pool = {4, 10'000ms};
    publish();
  }

  const server_route& server() const { return next.servers.front(); }

  /// A connection that has just been used; its far end is the last of `ends`.
  server_connection_ptr used_connection() {
    const auto attempt = start_connect(listening.address());
    CAF_REQUIRE(attempt.fd >= 0);
    auto connection = std::make_unique<server_connection>(event_loop, *this);
    connection->server = server().live.get();
    connection->address = server().address;
    connection->io.open(attempt.fd, false, false);
    CAF_REQUIRE(run_until(
      [&] { return connection->io.finish_connect() == io_status::done; }));
    std::optional<descriptor> accepted;
    CAF_REQUIRE(
      run_until([&] { return (accepted = listening.accept()).has_value(); }));
    ends.emplace_back(std::move(*accepted));
    // The way an answered request leaves it: read until nothing was left.
    connection->io.receive(1);
    return connection;
  }

  int put() {
    auto connection = used_connection();
    const int fd = connection->io.fd();
    pool().put(std::move(connection), event_loop.now());
    return fd;
  }

  server_connection_ptr take(bool proven = false) {
    return pool().take(server(), proven, *this);
  }

  bool becomes_empty() {
    return run_until([&] { return pool().idle_count() == 0; });
  }

  server_pool& pool() { return backend->pool(); }

  listening_socket listening;
  std::deque<peer> ends;

  void on_stream(stream&) override {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(server_pool_tests, fixture)

CAF_TEST(the newest connection is taken first) {
  const auto first = put();
  const auto second = put();
  CAF_CHECK_EQUAL(pool().idle_count(), 2u);
  CAF_CHECK_EQUAL(take()->io.fd(), second);
  CAF_CHECK_EQUAL(take(true)->io.fd(), first);
  CAF_CHECK(take() == nullptr);
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(bytes nobody asked for end an idle connection) {
  put();
  ends.back().send("HTTP/1.1 200 OK\r\n\r\n");
  CAF_CHECK(becomes_empty());
  CAF_CHECK(take() == nullptr);
}

CAF_TEST(bytes that came before it was put away keep it out) {
  auto connection = used_connection();
  ends.back().send("surplus");
  CAF_CHECK(run_until([&] { return connection->io.readable(); }));
  pool().put(std::move(connection), event_loop.now());
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(a server that closes an idle connection ends it) {
  put();
  ends.back().finish();
  CAF_CHECK(becomes_empty());
}

CAF_TEST(a server that resets an idle connection ends it) {
  put();
  ends.back().reset();
  CAF_CHECK(becomes_empty());
}

CAF_TEST(a proven connection is looked at in the moment it is taken) {
  // No turn of the loop in between: no event has told of it.
  put();
  ends.back().finish();
  CAF_CHECK(take(true) == nullptr);
  put();
  ends.back().send("x");
  CAF_CHECK(take(true) == nullptr);
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(a shelf holds at most idle_max) {
  for (int n = 0; n < 6; ++n)
    put();
  CAF_CHECK_EQUAL(pool().idle_count(), 4u);
  CAF_CHECK(run_until([&] {
    int gone = 0;
    for (auto& end : ends) {
      end.attend();
      gone += end.ended;
    }
    return gone == 2;
  }));
}

CAF_TEST(idle_max of zero keeps none) {
  next.pool.idle_max = 0;
  publish();
  put();
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(a connection rests no longer than idle_timeout) {
  next.pool.idle_timeout = 40ms;
  publish();
  put();
  const auto rested_from = event_loop.now();
  CAF_CHECK(becomes_empty());
  CAF_CHECK(event_loop.now() - rested_from >= 40ms);
}

CAF_TEST(each connection rests its own time) {
  next.pool.idle_timeout = 60ms;
  publish();
  put();
  const auto first = event_loop.now();
  CAF_CHECK(run_until([&] { return event_loop.now() - first > 30ms; }));
  if (pool().idle_count() == 1) { // unless this machine was very slow
    put();
    const auto second = event_loop.now();
    CAF_CHECK(becomes_empty());
    CAF_CHECK(event_loop.now() - second >= 60ms);
  }
}

CAF_TEST(a server that is gone loses its connections) {
  put();
  next.servers.clear();
  next.usable.clear();
  publish();
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(a server with another address loses its connections) {
  listening_socket elsewhere;
  auto in_use = used_connection();
  put();
  next.servers.front().address = elsewhere.address();
  publish();
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  CAF_CHECK(take() == nullptr);
  pool().put(std::move(in_use), event_loop.now()); // of the old address
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(a request of an older snapshot gets no connection to a new address) {
  const auto old = next.servers.front();
  listening_socket elsewhere;
  next.servers.front().address = elsewhere.address();
  publish();
  CAF_CHECK(pool().take(old, false, *this) == nullptr);
}

CAF_TEST(connections outlive a snapshot that names their server again) {
  const auto fd = put();
  publish();
  CAF_CHECK_EQUAL(pool().idle_count(), 1u);
  CAF_CHECK_EQUAL(take()->io.fd(), fd);
}

CAF_TEST(a connection that still has something to send is not kept) {
  auto connection = used_connection();
  ends.back().paused = true;
  while (!connection->io.has_unsent())
    connection->io.send(pattern(65'536));
  pool().put(std::move(connection), event_loop.now());
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(a loop that may keep no more closes what comes back) {
  auto& left = event_loop.idle_connections();
  while (left.take()) {
  }
  left.give_back(2);
  put();
  put();
  put();
  CAF_CHECK_EQUAL(pool().idle_count(), 2u);
  CAF_CHECK(run_until([&] {
    ends.back().attend();
    return ends.back().is_over();
  }));
  take(); // and is closed: there is room for another
  put();
  CAF_CHECK_EQUAL(pool().idle_count(), 2u);
  backend = nullptr;
  CAF_CHECK(left.take() && left.take() && !left.take());
}

CAF_TEST_FIXTURE_SCOPE_END()
