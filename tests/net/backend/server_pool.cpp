// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_server_pool
#include "caf_test.hpp"

#include "net/backend_fixture.hpp"
#include "net/stream_inspector.hpp"

#include <deque>
#include <functional>
#include <sys/epoll.h>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture : backend_fixture, stream_owner {
  fixture() : backend_fixture(64u << 20, {128, 100}) {
    add_server(listening.address());
    next.pool = {4, pool_reuse::always, 10'000ms};
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
    pool().enlist(*connection);
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
    const int fd = fd_of(connection->io);
    pool().put(std::move(connection), event_loop.now());
    return fd;
  }

  /// In the turn of the loop that has just been.
  server_connection_ptr take_now(bool proven = false) {
    return pool().take(server(), proven, *this);
  }

  server_connection_ptr take(bool proven = false) {
    turn();
    return take_now(proven);
  }

  int put_bound(bound_connection& own) {
    auto connection = used_connection();
    const int fd = fd_of(connection->io);
    connection->bound = true;
    pool().put(std::move(connection), own);
    return fd;
  }

  /// The server's end of it has heard that it is over.
  bool closes(peer& end) {
    return run_until([&] {
      end.attend();
      return end.is_over();
    });
  }

  bool becomes_empty() {
    return run_until([&] { return pool().idle_count() == 0; });
  }

  server_pool& pool() { return backend->pool(); }

  listening_socket listening;
  std::deque<peer> ends;

  void on_stream(stream&) override {}
};

/// The first that hears of something, in the same wait as others.
struct early_bird final : io_sink {
  void on_io(uint32_t) override { then(); }
  std::function<void()> then;
};

/// Somebody else than the fixture, which is the client in these tests.
struct another_client final : stream_owner {
  void on_stream(stream&) override {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(server_pool_tests, fixture)

CAF_TEST(the newest connection is taken first) {
  const auto first = put();
  const auto second = put();
  CAF_CHECK_EQUAL(pool().idle_count(), 2u);
  CAF_CHECK_EQUAL(fd_of(take()->io), second);
  CAF_CHECK_EQUAL(fd_of(take(true)->io), first);
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
  turn();
  ends.back().finish();
  CAF_CHECK(take_now(true) == nullptr);
  put();
  turn();
  ends.back().send("x");
  CAF_CHECK(take_now(true) == nullptr);
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
}

CAF_TEST(what came back in this turn is for its client until the poller was asked) {
  another_client other;
  const auto first = put();
  CAF_CHECK(pool().take(server(), false, other) == nullptr);
  auto taken = take_now();
  CAF_REQUIRE(taken != nullptr);
  CAF_CHECK_EQUAL(fd_of(taken->io), first);
  pool().put(std::move(taken), event_loop.now());
  turn();
  CAF_CHECK(pool().take(server(), false, other) != nullptr);
}

CAF_TEST(a server that speaks twice does not reach another client) {
  another_client other;
  put();
  CAF_CHECK(pool().take(server(), false, other) == nullptr);
  CAF_CHECK_EQUAL(pool().idle_count(), 1u);
  ends.back().send("HTTP/1.1 200 OK\r\n\r\n"); // as a server that speaks twice
  CAF_CHECK(take() == nullptr);
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  const auto older = put();
  turn();
  put();
  const auto taken = pool().take(server(), false, other);
  CAF_REQUIRE(taken != nullptr);
  CAF_CHECK_EQUAL(fd_of(taken->io), older);
}

CAF_TEST(bytes that no owner has been told of yet keep a connection back) {
  put();
  turn();
  auto pair = unix_pair();
  early_bird bird;
  const auto token =
    event_loop.poller().add(pair.a.get(), EPOLLIN | EPOLLET, bird);
  bool asked = false;
  bird.then = [&] {
    asked = true;
    CAF_CHECK(take_now() == nullptr);
  };
  CAF_REQUIRE_EQUAL(::send(pair.b.get(), "x", 1, 0), 1);
  ends.back().send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  turn();
  CAF_CHECK(asked);
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  event_loop.poller().forget(token);
}

CAF_TEST(a shelf holds at most idle_max and the oldest give way) {
  for (int n = 0; n < 6; ++n)
    put();
  CAF_CHECK_EQUAL(pool().idle_count(), 4u);
  CAF_CHECK(closes(ends[0]) && closes(ends[1]));
  for (size_t n = 2; n < ends.size(); ++n)
    CAF_CHECK(!ends[n].attend() && !ends[n].is_over());
}

CAF_TEST(auto keeps as many as were at work at once) {
  next.pool.idle_max.reset();
  publish();
  std::vector<server_connection_ptr> busy;
  for (int n = 0; n < 50; ++n)
    busy.push_back(used_connection());
  for (auto& one : busy)
    pool().put(std::move(one), event_loop.now());
  CAF_CHECK_EQUAL(pool().idle_count(), 50u);
  busy.clear();
  while (auto one = take())
    busy.push_back(std::move(one));
  CAF_CHECK_EQUAL(busy.size(), 50u);
}

CAF_TEST(a drained server gives up what is idle and what comes back) {
  auto in_use = used_connection();
  put();
  next.servers.front().admin = admin_state::drain;
  next.servers.front().state = {false, true, state_rule::admin_drain};
  next.usable.clear();
  publish();
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  CAF_CHECK(closes(ends.back()));
  pool().put(std::move(in_use), event_loop.now());
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  CAF_CHECK(closes(ends.front()));
}

CAF_TEST(a server that is down gives up what is idle and one that idles not ) {
  put();
  next.servers.front().state = {false, true, state_rule::backup_idle};
  next.usable.clear();
  publish();
  CAF_CHECK_EQUAL(pool().idle_count(), 1u);
  next.servers.front().state = {false, false, state_rule::own_down};
  publish();
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  CAF_CHECK(closes(ends.back()));
}

CAF_TEST(servers in another order keep what is theirs) {
  const auto fd = put();
  listening_socket another;
  add_server(another.address());
  publish();
  std::swap(next.servers[0], next.servers[1]);
  publish();
  CAF_CHECK_EQUAL(pool().idle_count(), 1u);
  turn();
  const auto taken = pool().take(next.servers[1], false, *this);
  CAF_REQUIRE(taken != nullptr);
  CAF_CHECK_EQUAL(fd_of(taken->io), fd);
}

CAF_TEST(a bound connection is for its client alone) {
  bound_connection own;
  const auto fd = put_bound(own);
  CAF_CHECK(own);
  CAF_CHECK(take() == nullptr);
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  auto taken = pool().take(own, true, *this);
  CAF_REQUIRE(taken != nullptr);
  CAF_CHECK_EQUAL(fd_of(taken->io), fd);
  CAF_CHECK(!own);
  pool().put(std::move(taken), own);
  CAF_CHECK(own);
}

CAF_TEST(a bound connection ends with its client or server or at its word) {
  {
    bound_connection own;
    put_bound(own);
  }
  CAF_CHECK(closes(ends.back()));
  bound_connection own;
  put_bound(own);
  ends.back().finish();
  CAF_CHECK(run_until([&] { return !own; }));
  put_bound(own);
  turn();
  ends.back().send("HTTP/1.1 200 OK\r\n\r\n"); // no turn in between
  CAF_CHECK(pool().take(own, true, *this) == nullptr);
  CAF_CHECK(!own);
  put_bound(own);
  next.servers.front().admin = admin_state::maint;
  next.servers.front().state = {false, true, state_rule::admin_maint};
  publish();
  CAF_CHECK(!own);
  CAF_CHECK(closes(ends.back()));
}

CAF_TEST(a bound connection needs no place among the idle ones) {
  next.pool = {0, pool_reuse::always, 10'000ms};
  auto& left = event_loop.idle_connections();
  while (left.take()) {
  }
  publish();
  bound_connection own;
  put_bound(own);
  CAF_CHECK(own);
  backend = nullptr;
  CAF_CHECK(!own && !left.take());
}

CAF_TEST(a backend that has gone keeps nothing) {
  auto in_use = used_connection();
  bound_connection own;
  put_bound(own);
  put();
  backend->close();
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
  CAF_CHECK(!own);
  pool().put(std::move(in_use), event_loop.now());
  CAF_CHECK_EQUAL(pool().idle_count(), 0u);
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
  CAF_CHECK_EQUAL(fd_of(take()->io), fd);
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
