// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_stream
#include "caf_test.hpp"

#include "net/loop_fixture.hpp"
#include "net/sockets.hpp"
#include "net/transport/stream.hpp"

#include <string>

using namespace troupe;
using namespace troupe::net;

namespace {

struct recorder final : stream_owner {
  void on_stream(stream&) override { ++calls; }
  int calls = 0;
};

struct fixture : loop_fixture {
  fixture() { adopt(tcp_pair(), false); }

  void adopt(socket_pair pair, bool is_unix) {
    io.close();
    io.open(pair.a.release(), true, is_unix);
    other.emplace(std::move(pair.b));
    // The first try finds nothing, as it does for most new connections.
    CAF_REQUIRE(io.receive(1).status == io_status::would_block);
    turn();
  }

  recorder owner;
  stream io{event_loop, owner};
  std::optional<peer> other;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stream_tests, fixture)

CAF_TEST(a short read says that the socket is empty) {
  other->send("abc");
  CAF_CHECK(run_until([&] { return io.readable(); }));
  CAF_CHECK(io.receive(16).bytes == "abc");
  CAF_CHECK(!io.readable());
  CAF_CHECK(io.receive(16).status == io_status::would_block);
}

CAF_TEST(a read as long as asked for does not) {
  other->send("abcdef");
  CAF_CHECK(run_until([&] { return io.readable(); }));
  CAF_CHECK(io.receive(3).bytes == "abc");
  CAF_CHECK(io.readable());
  CAF_CHECK(io.receive(3).bytes == "def");
  CAF_CHECK(io.readable());
  CAF_CHECK(io.receive(3).status == io_status::would_block);
  CAF_CHECK(!io.readable());
}

CAF_TEST(a short read after the end was told still leads to the end) {
  // No edge comes after this one: who stopped at the short read would never
  // hear of the end.
  other->send("bye");
  other->finish();
  CAF_CHECK(run_until([&] { return io.peer_finished(); }));
  CAF_CHECK(io.receive(16).bytes == "bye");
  CAF_CHECK(io.readable());
  CAF_CHECK(io.receive(16).status == io_status::end);
}

CAF_TEST(an end that is told does not swallow the bytes before it) {
  const auto sent = pattern(100'000);
  other->send(sent);
  other->finish();
  CAF_CHECK(run_until([&] { return io.peer_finished(); }));
  std::string got;
  for (;;) {
    const auto part = io.receive(1'000);
    if (part.status != io_status::done)
      break;
    got += part.bytes;
  }
  CAF_CHECK(got == sent);
  CAF_CHECK(io.is_open());
}

CAF_TEST(a short read from a unix socket proves nothing) {
  adopt(unix_pair(), true);
  other->send("abc");
  CAF_CHECK(run_until([&] { return io.readable(); }));
  CAF_CHECK(io.receive(16).bytes == "abc");
  CAF_CHECK(io.readable());
}

CAF_TEST(what the other side cannot take waits and follows in order) {
  other->paused = true;
  const auto sent = pattern(8u << 20);
  for (size_t at = 0; at < sent.size() && !io.has_unsent(); at += 65'536)
    CAF_REQUIRE(io.send(std::string_view{sent}.substr(at, 65'536))
                == io_status::done);
  CAF_REQUIRE(io.has_unsent());
  CAF_CHECK(!io.took_all());
  CAF_CHECK(!io.writable());
  CAF_CHECK(event_loop.buffers().in_use().get() > 0);
  CAF_CHECK(io.flush() == io_status::would_block);
  other->paused = false;
  CAF_CHECK(run_until([&] {
    other->attend();
    return io.flush() == io_status::done;
  }));
  CAF_CHECK(owner.calls > 0);
  CAF_CHECK_EQUAL(event_loop.buffers().in_use().get(), 0u);
  io.finish_sending();
  CAF_CHECK(run_until([&] {
    other->attend();
    return other->ended;
  }));
  CAF_CHECK_EQUAL(other->received.size(), io.bytes_sent());
  CAF_CHECK(sent.starts_with(other->received));
}

CAF_TEST(scattered pieces arrive as one) {
  std::string a = "one ";
  std::string b = "two ";
  std::string c = "three";
  std::array<iovec, 3> pieces{
    {{a.data(), a.size()}, {b.data(), b.size()}, {c.data(), c.size()}}};
  CAF_CHECK(io.send(pieces) == io_status::done);
  CAF_CHECK(io.took_all());
  CAF_CHECK(run_until([&] {
    other->attend();
    return other->received == "one two three";
  }));
}

CAF_TEST(pieces of nothing are passed over) {
  char a = 'a', b = 'b';
  std::array<iovec, 4> pieces{{{nullptr, 0}, {&a, 1}, {nullptr, 0}, {&b, 1}}};
  CAF_CHECK(io.send(pieces) == io_status::done);
  CAF_CHECK(run_until([&] {
    other->attend();
    return other->received == "ab";
  }));
}

CAF_TEST(pieces of which one was taken in part lose nothing) {
  other->paused = true;
  const auto sent = pattern(300'000);
  std::string expected;
  while (!io.has_unsent()) {
    auto* data = const_cast<char*>(sent.data());
    std::array<iovec, 3> pieces{
      {{data, 7}, {data + 7, 199'993}, {data + 200'000, 100'000}}};
    CAF_REQUIRE(io.send(pieces) == io_status::done);
    expected += sent;
  }
  other->paused = false;
  CAF_CHECK(run_until([&] {
    other->attend();
    return io.flush() == io_status::done
        && other->received.size() == expected.size();
  }));
  CAF_CHECK(other->received == expected);
}

CAF_TEST(the half that is closed for sending can still be read) {
  io.finish_sending();
  CAF_CHECK(run_until([&] {
    other->attend();
    return other->ended;
  }));
  other->send("late");
  CAF_CHECK(run_until([&] { return io.readable(); }));
  CAF_CHECK(io.receive(16).bytes == "late");
}

CAF_TEST(a reset is a failure with its error) {
  other->reset();
  CAF_CHECK(run_until([&] { return io.hung_up(); }));
  CAF_CHECK(io.receive(16).status == io_status::failed);
  CAF_CHECK_EQUAL(io.error(), ECONNRESET);
}

CAF_TEST(an abort reaches the other side as a reset) {
  io.abort();
  CAF_CHECK(!io.is_open());
  CAF_CHECK(run_until([&] {
    other->attend();
    return other->is_over();
  }));
  CAF_CHECK(other->was_reset);
}

CAF_TEST(a close reaches the other side as an end) {
  io.close();
  io.close();
  CAF_CHECK(run_until([&] {
    other->attend();
    return other->is_over();
  }));
  CAF_CHECK(other->ended);
}

CAF_TEST(a closed stream hears of nothing and can be opened anew) {
  other->send("for the one before");
  io.close();
  const auto before = owner.calls;
  adopt(tcp_pair(), false);
  CAF_CHECK_EQUAL(owner.calls, before);
  CAF_CHECK_EQUAL(io.bytes_sent(), 0u);
  CAF_CHECK(!io.peer_finished());
  CAF_CHECK(!io.hung_up());
}

CAF_TEST(a connect that is refused fails with its error) {
  stream connecting{event_loop, owner};
  const auto attempt = start_connect(refusing_address());
  if (attempt.status == connect_status::failed) { // told at once
    CAF_CHECK_EQUAL(attempt.error, ECONNREFUSED);
    return;
  }
  connecting.open(attempt.fd, false, false);
  auto status = io_status::would_block;
  CAF_CHECK(run_until([&] {
    status = connecting.finish_connect();
    return status != io_status::would_block;
  }));
  CAF_CHECK(status == io_status::failed);
  CAF_CHECK_EQUAL(connecting.error(), ECONNREFUSED);
}

CAF_TEST(a connect under way neither reads nor writes) {
  listening_socket server;
  stream connecting{event_loop, owner};
  const auto attempt = start_connect(server.address());
  CAF_REQUIRE(attempt.status != connect_status::failed);
  connecting.open(attempt.fd, false, false);
  CAF_CHECK(connecting.finish_connect() == io_status::would_block);
  CAF_CHECK(connecting.receive(16).status == io_status::would_block);
  CAF_CHECK(
    run_until([&] { return connecting.finish_connect() == io_status::done; }));
  CAF_CHECK(connecting.send("hello") == io_status::done);
  CAF_CHECK(connecting.took_all());
}

CAF_TEST(who adopts a stream that was let go misses nothing) {
  const auto loose = io.let_go();
  CAF_CHECK(!io.is_open());
  other->send("abc");
  recorder heir;
  stream next{event_loop, heir};
  next.adopt(loose, false);
  CAF_CHECK(run_until([&] { return heir.calls > 0; }));
  CAF_CHECK(next.receive(16).bytes == "abc");
  CAF_CHECK(next.send("def") == io_status::done);
  CAF_CHECK(run_until([&] {
    other->attend();
    return other->received == "def";
  }));
  CAF_CHECK_EQUAL(owner.calls, 0);
}

CAF_TEST(splice moves bytes through a pipe and tells of the end) {
  auto onward = tcp_pair();
  stream out{event_loop, owner};
  out.open(onward.a.release(), true, false);
  peer last{std::move(onward.b)};
  const auto pipe = event_loop.pipes().take();
  CAF_REQUIRE(pipe.has_value());
  const auto sent = pattern(30'000);
  other->send(sent);
  CAF_CHECK(run_until([&] { return io.readable(); }));
  size_t in = 0;
  CAF_CHECK(io.splice_in(pipe->write, 65'536, in) == io_status::done);
  CAF_CHECK(io.readable()); // a short splice proves nothing
  size_t moved = 0;
  CAF_CHECK(out.splice_out(pipe->read, in, moved) == io_status::done);
  CAF_CHECK_EQUAL(moved, in);
  CAF_CHECK_EQUAL(out.bytes_sent(), in);
  other->finish();
  CAF_CHECK(run_until([&] {
    const auto status = io.splice_in(pipe->write, 65'536, in);
    if (in > 0)
      out.splice_out(pipe->read, in, moved);
    return status == io_status::end;
  }));
  CAF_CHECK(run_until([&] {
    last.attend();
    return last.received == sent;
  }));
  event_loop.pipes().give_back(*pipe, true);
}

CAF_TEST_FIXTURE_SCOPE_END()
