// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http_session
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

/// Three requests in a row, of every framing.
const std::string requests_in_a_row =
  "GET /first HTTP/1.1\r\nHost: t\r\nX-Request-Id: one\r\n\r\n"
  + with_length("POST /second HTTP/1.1\r\nHost: t\r\nX-Request-Id: two\r\n",
                "hello")
  + "POST /third HTTP/1.1\r\nHost: t\r\nX-Request-Id: three\r\n"
    "Transfer-Encoding: chunked\r\n\r\n"
    "5\r\nworld\r\n6;x=y\r\n again\r\n0\r\n\r\n";

struct fixture : session_fixture {
  /// What a server and a client have at the end, whatever the pieces.
  struct outcome {
    std::string server;
    std::string client;
    bool operator==(const outcome&) const = default;
  };

  /// One client sends `pieces`, a turn of the loop after each.
  outcome run_pieces(const std::vector<std::string_view>& pieces,
                     size_t responses) {
    for (auto& server : servers)
      server.connections.clear();
    CAF_REQUIRE(run_until([&] { return backend->pool().idle_count() == 0; }));
    auto& one = connect();
    for (const auto piece : pieces) {
      one.client.send(piece);
      turn(2);
    }
    CAF_REQUIRE(answered(one, responses));
    outcome result{servers[0].received(), one.client.received};
    served_clients.clear();
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_session_tests, fixture)

CAF_TEST(a request is answered and the connection rests) {
  auto& server = serve();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("a1 "));
  CAF_CHECK(server.received().starts_with("GET / HTTP/1.1\r\nHost: t\r\n"));
  CAF_CHECK(one.session->phase() == session_phase::idle);
  CAF_CHECK_EQUAL(one.session->requests(), 1u);
  CAF_CHECK_EQUAL(one.session->server(), "");
  CAF_CHECK_EQUAL(counted(2), 1u);
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 1u);
  // An idle connection owns no buffer (rule 23).
  CAF_CHECK_EQUAL(event_loop.buffers().in_use().get(), 0u);
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
}

CAF_TEST(requests one after the other share one connection to the server) {
  auto& server = serve();
  start();
  auto& one = connect();
  for (size_t n = 1; n <= 5; ++n) {
    one.client.send(simple_get);
    CAF_REQUIRE(answered(one, n));
  }
  CAF_CHECK_EQUAL(server.connections.size(), 1u);
  CAF_CHECK_EQUAL(server.requests, 5u);
}

CAF_TEST(pipelined requests are answered in order) {
  serve();
  start();
  auto& one = connect();
  std::string expected;
  for (int n = 0; n < 20; ++n) {
    const auto body = "number " + std::to_string(n);
    one.client.send(simple_post(body));
    expected += ok("a1 " + body);
  }
  CAF_CHECK(answered(one, 20));
  CAF_CHECK_EQUAL(one.client.received, expected);
}

CAF_TEST(pipelined requests wait while the one before is answered) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  one.client.send(simple_post("second"));
  CAF_CHECK(got_request(server));
  turn(5);
  CAF_CHECK_EQUAL(count_of(server.received(), "HTTP/1.1\r\n"), 1u);
  server.connections[0].send(ok("first"));
  CAF_CHECK(run_until(
    [&] { return count_of(server.received(), "HTTP/1.1\r\n") == 2; }));
  CAF_CHECK(server.received().ends_with("second"));
  server.connections[0].send(ok("done"));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK_EQUAL(one.client.received, ok("first") + ok("done"));
}

CAF_TEST(any split of what the client sends gives the same result) {
  serve();
  start();
  const std::string_view all = requests_in_a_row;
  const auto whole = run_pieces({all}, 3);
  CAF_REQUIRE_EQUAL(count_of(whole.server, "X-Request-Id: "), 3u);
  CAF_REQUIRE_EQUAL(count_of(whole.client, "HTTP/1.1 200 OK"), 3u);
  for (size_t at = 1; at < all.size(); ++at)
    if (run_pieces({all.substr(0, at), all.substr(at)}, 3) != whole) {
      CAF_ERROR("split at " << at);
      break;
    }
}

CAF_TEST(a client that sends byte by byte gets the same result) {
  serve();
  start();
  const std::string_view all = requests_in_a_row;
  std::vector<std::string_view> bytes;
  for (size_t at = 0; at < all.size(); ++at)
    bytes.push_back(all.substr(at, 1));
  CAF_CHECK(run_pieces(bytes, 3) == run_pieces({all}, 3));
}

CAF_TEST(any split of what the server sends gives the same result) {
  auto& server = serve_by_hand();
  start();
  const std::string response =
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
    "5\r\nhello\r\n0\r\nX-Sum: t\r\n\r\n";
  auto& one = connect();
  std::string expected;
  for (size_t at = 0; at < response.size(); ++at) {
    one.client.received.clear();
    for (auto& connection : server.connections)
      connection.received.clear();
    one.client.send(simple_get);
    CAF_REQUIRE(got_request(server));
    server.connections[0].send(std::string_view{response}.substr(0, at));
    turn(2);
    server.connections[0].send(std::string_view{response}.substr(at));
    CAF_REQUIRE(run_until(
      [&] { return one.client.received.ends_with("0\r\nX-Sum: t\r\n\r\n"); }));
    if (at == 0)
      expected = one.client.received;
    CAF_REQUIRE_EQUAL(one.client.received, expected);
  }
  CAF_CHECK_EQUAL(server.connections.size(), 1u);
  CAF_CHECK(expected.starts_with("HTTP/1.1 103 Early Hints\r\n"));
}

CAF_TEST(the bytes of a partial head meet no other client) {
  // Both heads are incomplete at the same time, in one scratch buffer.
  serve();
  start();
  auto& one = connect();
  auto& two = connect();
  one.client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Le");
  turn(2);
  two.client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Le");
  turn(2);
  one.client.send("ngth: 3\r\n\r\none");
  two.client.send("ngth: 3\r\n\r\ntwo");
  CAF_CHECK(answered(one));
  CAF_CHECK(answered(two));
  CAF_CHECK_EQUAL(one.client.received, ok("a1 one"));
  CAF_CHECK_EQUAL(two.client.received, ok("a1 two"));
}

CAF_TEST(a head and a body that wait for a server are kept) {
  // Refused at first: what was read must survive in the connection's own
  // memory until the second server has it (rule 23).
  add_server(refusing_address());
  auto& server = serve();
  start();
  auto& one = connect();
  auto& two = connect();
  one.client.send(simple_post("the first client's body"));
  two.client.send(simple_post("the second client's body"));
  CAF_CHECK(answered(one));
  CAF_CHECK(answered(two));
  CAF_CHECK_EQUAL(one.client.received, ok("a2 the first client's body"));
  CAF_CHECK_EQUAL(two.client.received, ok("a2 the second client's body"));
  CAF_CHECK_EQUAL(server.requests, 2u);
}

CAF_TEST(an answer that comes before the request is whole ends both) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n"
                  "the beginning");
  CAF_CHECK(
    run_until([&] { return server.received().ends_with("the beginning"); }));
  server.connections[0].send(with_length("HTTP/1.1 403 Forbidden\r\n", "no"));
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 403 Forbidden\r\n"));
  CAF_CHECK(one.client.received.find("Connection: close") != std::string::npos);
  // The rest of the body is not the next request.
  one.client.send(simple_get);
  one.client.finish();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.ended);
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 0u);
  CAF_CHECK_EQUAL(server.connections.size(), 1u);
}

CAF_TEST(bytes after a response reach nobody) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  server.connections[0].send(ok("mine") + ok("poison"));
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 0u);
  one.client.send(simple_get);
  CAF_CHECK(got_request(server, 1));
  server.connections[1].send(ok("clean"));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK_EQUAL(one.client.received, ok("mine") + ok("clean"));
}

CAF_TEST(what is malformed is refused and reaches no server) {
  auto& server = serve();
  start();
  for (const auto* text :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost : t\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "no request at all\r\n\r\n"}) {
    auto& one = connect();
    one.client.send(std::string{text} + std::string{simple_get});
    one.client.finish();
    CAF_CHECK(over(one));
    CAF_CHECK(one.client.received.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CAF_CHECK_EQUAL(count_of(one.client.received, "HTTP/1.1 "), 1u);
  }
  CAF_CHECK_EQUAL(server.connections.size(), 0u);
  CAF_CHECK_EQUAL(refused(reason::bad_request), 4u);
  CAF_CHECK_EQUAL(counted(4), 4u);
}

CAF_TEST(a chunked body that is malformed never looks whole to the server) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("POST / HTTP/1.1\r\nHost: t\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CAF_CHECK(run_until(
    [&] { return server.received().find("hello") != std::string::npos; }));
  one.client.send("zz\r\nworld\r\n0\r\n\r\n");
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 400 "));
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
  CAF_CHECK(server.received().find("0\r\n\r\n") == std::string::npos);
}

CAF_TEST(a body over the limit is refused whether it is announced or not ) {
  settings.http.max_body_bytes = 10;
  auto& server = serve();
  start();
  auto& announced = connect();
  announced.client.send(simple_post("eleven byte"));
  CAF_CHECK(answered(announced));
  CAF_CHECK(announced.client.received.starts_with("HTTP/1.1 413 "));
  CAF_CHECK_EQUAL(server.connections.size(), 0u);
  auto& chunked = connect();
  chunked.client.send("POST / HTTP/1.1\r\nHost: t\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"
                      "6\r\neleven\r\n5\r\n byte\r\n0\r\n\r\n");
  CAF_CHECK(answered(chunked));
  CAF_CHECK(chunked.client.received.starts_with("HTTP/1.1 413 "));
  CAF_CHECK_EQUAL(refused(reason::body_too_large), 2u);
  auto& exact = connect();
  exact.client.send(simple_post("ten bytes!"));
  CAF_CHECK(answered(exact));
  CAF_CHECK_EQUAL(exact.client.received, ok("a1 ten bytes!"));
}

CAF_TEST(a response that only its end delimits reaches the client whole) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  const auto body = pattern(300'000);
  server.connections[0].send("HTTP/1.1 200 OK\r\n\r\n" + body);
  server.connections[0].finish();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.ended);
  CAF_CHECK(one.client.received.ends_with(body));
  CAF_CHECK(one.client.received.find("Connection: close") != std::string::npos);
}

CAF_TEST(a response to HEAD has no body whatever its length says) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n");
  CAF_CHECK(got_request(server));
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n";
  server.connections[0].send(head);
  CAF_CHECK(run_until([&] { return one.client.received == head; }));
  CAF_CHECK(
    run_until([&] { return one.session->phase() == session_phase::idle; }));
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 1u);
}

CAF_TEST(a client of the old version gets no chunks) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("GET / HTTP/1.0\r\n\r\n");
  CAF_CHECK(got_request(server));
  server.connections[0].send("HTTP/1.1 200 OK\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n"
                             "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("\r\n\r\nhello world"));
  CAF_CHECK(one.client.received.find("chunked") == std::string::npos);
}

CAF_TEST(a large response arrives unchanged at a client that stalls) {
  auto& server = serve_by_hand();
  start();
  const auto idle = open_pipe_ends();
  const auto body = pattern(6u << 20);
  auto& one = connect();
  one.client.send(simple_get);
  one.client.send(simple_get); // pipelined behind it
  CAF_CHECK(got_request(server));
  server.connections[0].send(ok(body));
  size_t turns = 0;
  size_t pipes = 0;
  CAF_CHECK(run_until([&] {
    one.client.paused = turns++ % 3 != 0;
    pipes = std::max(pipes, open_pipe_ends());
    return count_of(server.received(), "HTTP/1.1\r\n") == 2;
  }));
  one.client.paused = false;
  server.connections[0].send(ok(body));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK(one.client.received == ok(body) + ok(body));
  CAF_CHECK(pipes > idle); // it went by splice
  CAF_CHECK_EQUAL(server.connections.size(), 1u);
}

CAF_TEST(a large request arrives unchanged at a server that stalls) {
  auto& server = serve();
  start();
  const auto idle = open_pipe_ends();
  const auto body = pattern(4u << 20);
  auto& one = connect();
  one.client.send(simple_post(body));
  one.client.send(simple_get); // pipelined behind it
  size_t turns = 0;
  size_t pipes = 0;
  CAF_CHECK(run_until([&] {
    for (auto& connection : server.connections)
      connection.paused = turns % 3 != 0;
    ++turns;
    pipes = std::max(pipes, open_pipe_ends());
    return message_size(one.client.received) > 0;
  }));
  for (auto& connection : server.connections)
    connection.paused = false;
  CAF_CHECK(answered(one, 2));
  CAF_CHECK(one.client.received.starts_with(ok("a1 " + body)));
  CAF_CHECK(pipes > idle); // it went by splice
  CAF_CHECK_EQUAL(server.connections.size(), 1u);
}

CAF_TEST(a server that answers amid a large request is not used again) {
  auto& server = serve_by_hand();
  start();
  const auto idle = open_pipe_ends();
  auto& one = connect();
  const auto body = pattern(32u << 20);
  one.client.send(simple_post(body));
  size_t turns = 0;
  CAF_CHECK(run_until([&] { // both the pipe and the socket fill up
    for (auto& connection : server.connections)
      connection.paused = open_pipe_ends() > idle;
    turns += open_pipe_ends() > idle ? 1 : 0;
    return turns > 100;
  }));
  CAF_CHECK(server.received().size() < body.size());
  server.connections[0].send(ok("enough"));
  CAF_CHECK(run_until(
    [&] { return one.client.received.find("enough") != std::string::npos; }));
  server.connections[0].paused = false;
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 0u);
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
}

CAF_TEST(a switch of protocols makes a tunnel with two ends) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send("GET /chat HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\n"
                  "Upgrade: websocket\r\n\r\nearly");
  CAF_CHECK(got_request(server));
  server.connections[0].send("HTTP/1.1 101 Switching Protocols\r\n"
                             "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                             "welcome");
  CAF_CHECK(run_until([&] {
    return one.client.received.ends_with("\r\n\r\nwelcome")
        && server.received().ends_with("\r\n\r\nearly");
  }));
  CAF_CHECK(one.session->phase() == session_phase::tunnel);
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 1u);
  one.client.send(" and late");
  one.client.finish();
  CAF_CHECK(run_until([&] { return server.connections[0].ended; }));
  CAF_CHECK(server.received().ends_with("early and late"));
  server.connections[0].send(" goodbye");
  server.connections[0].finish();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("welcome goodbye"));
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
}

CAF_TEST(a client that leaves takes its request along) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 1u);
  one.client.reset();
  CAF_CHECK(run_until([&] { return one.session->ended(); }));
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 0u);
  CAF_CHECK_EQUAL(refused(reason::client_abort), 0u);
}

CAF_TEST(half a request is none) {
  auto& server = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(
    "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf");
  CAF_CHECK(run_until([&] { return server.received().ends_with("half"); }));
  one.client.finish();
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(one.client.received, "");
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
}

CAF_TEST(a client that has finished sending still gets its answer) {
  serve();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  one.client.finish();
  CAF_CHECK(over(one));
  CAF_CHECK_EQUAL(one.client.received, ok("a1 "));
}

CAF_TEST(without a usable server the answer is 503 at once) {
  serve();
  next.usable.clear();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK_EQUAL(refused(reason::no_healthy_backend), 1u);
  CAF_CHECK_EQUAL(counted(5), 1u);
  // The client may try again on the same connection.
  next.usable = {0};
  publish();
  one.client.received.clear();
  one.client.send(simple_get);
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("a1 "));
}

CAF_TEST(each request takes the newest snapshot and rules) {
  auto& first = serve_by_hand();
  start();
  auto& one = connect();
  one.client.send(simple_get);
  one.client.send(simple_get);
  CAF_CHECK(got_request(first));
  auto& second = serve(); // a2 takes the place of a1
  next.usable = {1};
  publish();
  settings.http.response_headers.set.push_back({"X-New", "yes"});
  frontend->current = hold(plan_of(2), backend);
  first.connections[0].send(ok("old"));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK(one.client.received.starts_with(ok("old")));
  CAF_CHECK(one.client.received.find("X-New: yes") != std::string::npos);
  CAF_CHECK(one.client.received.ends_with("a2 "));
  CAF_CHECK_EQUAL(second.requests, 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
