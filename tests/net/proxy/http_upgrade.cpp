// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http_upgrade
#include "caf_test.hpp"

#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

constexpr std::string_view switched =
  "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

// What `docker exec` asks for: a body, and then another protocol.
struct fixture : session_fixture {
  fake_server& start_by_hand() {
    next.passive.failures = 1;
    auto& server = serve_by_hand();
    start();
    return server;
  }

  static std::string request(std::string_view framing) {
    return "POST /exec HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\n"
           "Upgrade: tcp\r\n"
         + std::string{framing} + "\r\n\r\n";
  }

  bool server_got(fake_server& server, std::string_view end) {
    return run_until([&] { return server.received().ends_with(end); });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_upgrade_tests, fixture)

CAF_TEST(an upgrade with a body becomes a tunnel behind the body) {
  auto& server = start_by_hand();
  auto& one = connect();
  one.client.send(request("Content-Length: 13") + "{\"Tty\":false}early");
  CAF_CHECK(server_got(server, "{\"Tty\":false}"));
  CAF_CHECK(server.received().find("Upgrade: tcp\r\nConnection: upgrade\r\n")
            != std::string::npos);
  server.connections[0].send(std::string{switched} + "hi ");
  CAF_CHECK(run_until([&] { return one.client.received.ends_with("hi "); }));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 101 UPGRADED\r\n"));
  CAF_CHECK(one.session->phase() == session_phase::tunnel);
  CAF_CHECK(server_got(server, "{\"Tty\":false}early"));
  one.client.send(" late");
  one.client.finish();
  CAF_CHECK(server_got(server, "early late"));
  server.connections[0].send("bye");
  server.connections[0].finish();
  CAF_CHECK(over(one));
  CAF_CHECK(one.client.received.ends_with("hi bye"));
}

CAF_TEST(so does one whose body comes in chunks and late) {
  auto& server = start_by_hand();
  auto& one = connect();
  one.client.send(request("Transfer-Encoding: chunked"));
  one.client.send("5\r\nhello\r\n");
  CAF_CHECK(server_got(server, "hello\r\n"));
  one.client.send("0\r\n\r\n");
  CAF_CHECK(server_got(server, "0\r\n\r\n"));
  server.connections[0].send(switched);
  CAF_CHECK(
    run_until([&] { return one.session->phase() == session_phase::tunnel; }));
  one.client.send("5\r\nraw");
  CAF_CHECK(server_got(server, "0\r\n\r\n5\r\nraw"));
}

CAF_TEST(a 101 before the body is whole is no answer) {
  auto& server = start_by_hand();
  auto& one = connect();
  one.client.send(request("Content-Length: 10") + "half");
  CAF_CHECK(server_got(server, "half"));
  server.connections[0].send(switched);
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.starts_with("HTTP/1.1 502 "));
  CAF_CHECK_EQUAL(refused(reason::bad_response), 1u);
  CAF_CHECK(run_until([&] { return server.connections[0].is_over(); }));
  // What follows is neither a tunnel's nor the server's.
  one.client.send("other half");
  one.client.finish();
  CAF_CHECK(over(one));
  CAF_CHECK(server.received().ends_with("half"));
}

CAF_TEST(a body behind an upgrade that was declined is a body) {
  auto& server = start_by_hand();
  auto& one = connect();
  one.client.send(request("Content-Length: 4") + "body"
                  + std::string{simple_get});
  CAF_CHECK(server_got(server, "body"));
  server.connections[0].send(ok("no"));
  CAF_CHECK(answered(one));
  CAF_CHECK(run_until(
    [&] { return count_of(server.received(), "GET / HTTP/1.1\r\n") == 1; }));
  server.connections.back().send(ok("next"));
  CAF_CHECK(answered(one, 2));
  CAF_CHECK_EQUAL(one.client.received, ok("no") + ok("next"));
}

CAF_TEST(an upgrade to h2c goes on as a plain request in any spelling) {
  auto& server = serve();
  start();
  for (const char* protocol :
       {"h2c", "H2C", "h2c/1", "\"h2c\"", "h2c;x", "h2c-14", "tcp, h2c",
        "h2c , tcp", "tcp/1,\tH2c"}) {
    server.connections.clear();
    auto& one = connect();
    one.client.send(
      "POST / HTTP/1.1\r\nHost: t\r\n"
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: "
      + std::string{protocol}
      + "\r\nHTTP2-Settings: AAMA\r\nContent-Length: 2\r\n\r\n{}");
    CAF_CHECK(answered(one));
    const auto got = server.received();
    if (!got.ends_with("{}") || got.find("pgrade") != std::string::npos
        || got.find("HTTP2") != std::string::npos)
      CAF_ERROR(protocol << ": " << got);
  }
}

CAF_TEST(a client that is asked to upgrade hears to what) {
  auto& server = start_by_hand();
  auto& one = connect();
  one.client.send(simple_get);
  CAF_CHECK(got_request(server));
  server.connections[0].send(
    with_length("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\n",
                "nope"));
  CAF_CHECK(answered(one));
  CAF_CHECK(one.client.received.find("\r\nUpgrade: websocket\r\n")
            != std::string::npos);
  CAF_CHECK(one.client.received.find("\r\nConnection: upgrade\r\n")
            != std::string::npos);
  CAF_CHECK(one.session->phase() == session_phase::idle);
}

CAF_TEST_FIXTURE_SCOPE_END()
