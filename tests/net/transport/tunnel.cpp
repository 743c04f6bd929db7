// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_tunnel
#include "caf_test.hpp"

#include "net/loop_fixture.hpp"
#include "net/sockets.hpp"
#include "net/stream_inspector.hpp"
#include "net/transport/tunnel.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

using namespace troupe;
using namespace troupe::net;

namespace {

/// A tunnel between two connections whose far ends are `client` and `server`.
struct journey final : stream_owner {
  explicit journey(loop& l, bool is_unix = false)
    : journey(l, is_unix, is_unix ? unix_pair() : tcp_pair(),
              is_unix ? unix_pair() : tcp_pair()) {}

  journey(loop& l, bool is_unix, socket_pair near, socket_pair far)
    : client_io(l, *this), server_io(l, *this), client(std::move(near.a)),
      server(std::move(far.b)), both(l, client_io, server_io) {
    client_io.open(near.b.release(), true, is_unix);
    server_io.open(far.a.release(), true, is_unix);
    // Else the kernel grows them, up to tcp_rmem's maximum: 32 MiB somewhere,
    // which takes all that a test sends to see a sender held up.
    for (const int fd :
         {client.fd(), fd_of(client_io), fd_of(server_io), server.fd()})
      bound_receive_buffer(fd);
  }

  static void bound_receive_buffer(int fd) {
    const int size = 256 * 1024;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }

  void on_stream(stream&) override {}

  bool attend() {
    bool moved = client.attend();
    moved |= server.attend();
    turn_budget budget;
    while (!budget.spent() && both.run(budget))
      moved = true;
    if (both.status() == tunnel::status::finished) {
      client_io.close();
      server_io.close();
    }
    return moved;
  }

  stream client_io;
  stream server_io;
  peer client;
  peer server;
  tunnel both;
};

struct fixture : loop_fixture {
  ~fixture() override {
    journeys.clear();
    CAF_CHECK_EQUAL(event_loop.buffers().in_use().get(), 0u);
  }

  journey& add(bool is_unix = false) {
    return *journeys.emplace_back(
      std::make_unique<journey>(event_loop, is_unix));
  }

  bool attend() override {
    bool moved = false;
    for (auto& one : journeys)
      moved |= one->attend();
    return moved;
  }

  /// Waits until `one` takes no more from its client.
  bool stands_still(journey& one) {
    int quiet = 0;
    return run_until([&] {
      quiet = one.attend() ? 0 : quiet + 1;
      return one.both.bytes_up() > 0 && quiet > 5;
    });
  }

  std::vector<std::unique_ptr<journey>> journeys;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tunnel_tests, fixture)

CAF_TEST(bytes go both ways) {
  auto& one = add();
  one.client.send("ping");
  one.server.send("pong");
  CAF_CHECK(run_until([&] {
    return one.server.received == "ping" && one.client.received == "pong";
  }));
  CAF_CHECK(one.both.status() == tunnel::status::running);
  CAF_CHECK_EQUAL(one.both.bytes_up(), 4u);
  CAF_CHECK_EQUAL(one.both.bytes_down(), 4u);
}

CAF_TEST(each side ends on its own) {
  auto& one = add();
  one.client.send("question");
  one.client.finish();
  CAF_CHECK(run_until([&] { return one.server.ended; }));
  CAF_CHECK_EQUAL(one.server.received, "question");
  CAF_CHECK(one.both.status() == tunnel::status::running);
  CAF_CHECK(!one.client.is_over());
  one.server.send("answer");
  one.server.finish();
  CAF_CHECK(run_until([&] { return one.client.ended; }));
  CAF_CHECK_EQUAL(one.client.received, "answer");
  CAF_CHECK(one.both.status() == tunnel::status::finished);
}

CAF_TEST(an end waits for the bytes before it) {
  auto& one = add();
  one.server.paused = true;
  const auto sent = pattern(24u << 20);
  one.client.send(sent);
  one.client.finish();
  CAF_CHECK(stands_still(one));
  CAF_CHECK(one.client.unsent() > 0);
  one.server.paused = false;
  CAF_CHECK(run_until([&] { return one.server.ended; }));
  CAF_CHECK(one.server.received == sent);
}

CAF_TEST(a side that takes nothing stops the other one with little stashed) {
  auto& one = add();
  one.server.paused = true;
  one.client.send(pattern(16u << 20));
  CAF_CHECK(stands_still(one));
  CAF_CHECK(event_loop.buffers().in_use().get() <= buffer_pool::sizes.back());
  CAF_CHECK(one.client.unsent() > 0);
  one.server.send("the other way is free");
  CAF_CHECK(run_until([&] { return !one.client.received.empty(); }));
}

CAF_TEST(a full stream goes through a pipe and arrives unchanged) {
  auto& one = add();
  const auto idle = open_pipe_ends();
  const auto sent = pattern(12u << 20);
  one.client.send(sent);
  one.client.finish();
  size_t pipes = idle;
  CAF_CHECK(run_until([&] {
    pipes = std::max(pipes, open_pipe_ends());
    return one.server.ended;
  }));
  CAF_CHECK(one.server.received == sent);
  CAF_CHECK_EQUAL(pipes, idle + 2);
  CAF_CHECK_EQUAL(one.both.bytes_up(), sent.size());
  // And the pipe is back, empty, for the next one.
  const auto pipe = event_loop.pipes().take();
  CAF_REQUIRE(pipe.has_value());
  CAF_CHECK_EQUAL(open_pipe_ends(), idle + 2);
  char byte = 0;
  CAF_CHECK_EQUAL(::read(pipe->read, &byte, 1), -1);
  event_loop.pipes().give_back(*pipe, true);
}

CAF_TEST(small messages take no pipe) {
  auto& one = add();
  const auto idle = open_pipe_ends();
  for (int n = 1; n <= 50; ++n) {
    one.client.send("0123456789");
    CAF_REQUIRE(
      run_until([&] { return one.server.received.size() == n * 10u; }));
  }
  CAF_CHECK_EQUAL(open_pipe_ends(), idle);
}

CAF_TEST(without a pipe to be had the bytes are copied) {
  std::vector<pipe_ends> all;
  while (const auto pipe = event_loop.pipes().take())
    all.push_back(*pipe);
  auto& one = add();
  const auto sent = pattern(3u << 20);
  one.server.send(sent);
  one.server.finish();
  CAF_CHECK(run_until([&] { return one.client.ended; }));
  CAF_CHECK(one.client.received == sent);
  for (const auto pipe : all)
    event_loop.pipes().give_back(pipe, true);
}

CAF_TEST(a pipe with bytes of a broken tunnel is not used again) {
  auto& one = add();
  one.server.paused = true;
  one.client.send(pattern(16u << 20));
  CAF_CHECK(stands_still(one));
  journeys.clear();
  const auto pipe = event_loop.pipes().take();
  CAF_REQUIRE(pipe.has_value());
  char byte = 0;
  CAF_CHECK_EQUAL(::read(pipe->read, &byte, 1), -1);
  event_loop.pipes().give_back(*pipe, true);
}

CAF_TEST(a reset fails the tunnel and names the side) {
  auto& one = add();
  one.server.reset();
  CAF_CHECK(
    run_until([&] { return one.both.status() == tunnel::status::failed; }));
  CAF_CHECK(!one.both.client_failed());
  auto& two = add();
  two.client.reset();
  CAF_CHECK(
    run_until([&] { return two.both.status() == tunnel::status::failed; }));
  CAF_CHECK(two.both.client_failed());
}

CAF_TEST(a client that ended its half and then resets is noticed) {
  auto& one = add();
  one.client.send("question");
  one.client.finish();
  CAF_CHECK(run_until([&] { return one.server.ended; }));
  CAF_CHECK(one.both.status() == tunnel::status::running);
  one.client.reset(); // while its server thinks, and says nothing
  CAF_CHECK(
    run_until([&] { return one.both.status() == tunnel::status::failed; }));
  CAF_CHECK(one.both.client_failed());
}

CAF_TEST(a server that ended its half and then resets is noticed) {
  auto& one = add();
  one.server.send("enough");
  one.server.finish();
  CAF_CHECK(run_until([&] { return one.client.ended; }));
  CAF_CHECK_EQUAL(one.client.received, "enough");
  CAF_CHECK(one.both.status() == tunnel::status::running);
  one.server.reset();
  CAF_CHECK(
    run_until([&] { return one.both.status() == tunnel::status::failed; }));
  CAF_CHECK(!one.both.client_failed());
}

CAF_TEST(what a server said before its reset waits for a slow client) {
  auto& one = add();
  one.client.paused = true;
  const auto said = pattern(300'000);
  one.server.send(said);
  one.server.finish();
  CAF_CHECK(run_until([&] { return one.server.unsent() == 0; }));
  one.client.send("more?"); // which nobody reads any more
  CAF_CHECK(run_until([&] { return one.both.bytes_up() == 5; }));
  one.client.paused = false;
  CAF_CHECK(run_until([&] { return one.client.received.size() == 300'000; }));
  CAF_CHECK(one.client.received == said);
}

CAF_TEST(unix sockets carry large streams and their ends too) {
  auto& one = add(true);
  const auto up = pattern(2u << 20, 3);
  const auto down = pattern(1u << 20, 4);
  one.client.send(up);
  one.client.finish();
  one.server.send(down);
  one.server.finish();
  CAF_CHECK(
    run_until([&] { return one.both.status() == tunnel::status::finished; }));
  CAF_CHECK(run_until([&] { return one.server.ended && one.client.ended; }));
  CAF_CHECK(one.server.received == up);
  CAF_CHECK(one.client.received == down);
}

CAF_TEST(many streams with random stalls keep their bytes apart) {
  std::mt19937 random{11};
  constexpr size_t count = 40;
  std::vector<std::string> up;
  std::vector<std::string> down;
  for (uint32_t n = 0; n < count; ++n) {
    auto& one = add();
    up.push_back(pattern(200'000 + random() % 600'000, 2 * n + 1));
    down.push_back(pattern(200'000 + random() % 600'000, 2 * n + 2));
    one.client.send(up.back());
    one.server.send(down.back());
    one.client.finish();
    one.server.finish();
  }
  CAF_CHECK(run_until([&] {
    size_t finished = 0;
    for (auto& one : journeys) {
      one->client.paused = random() % 4 == 0;
      one->server.paused = random() % 4 == 0;
      finished += one->server.ended && one->client.ended;
    }
    return finished == count;
  }));
  for (size_t n = 0; n < count; ++n) {
    CAF_CHECK(journeys[n]->server.received == up[n]);
    CAF_CHECK(journeys[n]->client.received == down[n]);
    CAF_CHECK(journeys[n]->both.status() == tunnel::status::finished);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
