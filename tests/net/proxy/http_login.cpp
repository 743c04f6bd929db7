// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http_login
#include "caf_test.hpp"

#include "net/http1/connection_login.hpp"
#include "net/session_fixture.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

constexpr std::string_view offer =
  "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\n"
  "Content-Length: 0\r\n\r\n";

std::string get(std::string_view fields = {}) {
  return "GET / HTTP/1.1\r\nHost: t\r\n" + std::string{fields} + "\r\n";
}

/// One server that offers a login to who brings no credentials.
struct fixture : session_fixture {
  fake_server& start_with_login() {
    auto& server = serve();
    server.answer = [](std::string_view request) {
      return request.find("uthorization: ") == request.npos ? std::string{offer}
                                                            : ok("in");
    };
    start();
    return server;
  }

  bool ask(served_client& one, std::string_view request) {
    one.client.received.clear();
    one.client.send(request);
    return answered(one);
  }

  size_t requests_on(const server_end& connection) const {
    return count_of(connection.received, "GET / HTTP/1.1\r\n");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_login_tests, fixture)

CAF_TEST(
  who was offered a login keeps the connection and strangers get others) {
  auto& server = start_with_login();
  auto& alice = connect();
  auto& stranger = connect();
  CAF_CHECK(ask(alice, get()));
  CAF_CHECK(ask(stranger, get()));
  CAF_CHECK(ask(alice, get("Authorization: NTLM TlRMTVNTUAADAAAA\r\n")));
  CAF_CHECK_EQUAL(alice.client.received, ok("in"));
  CAF_CHECK(ask(stranger, get()));
  CAF_CHECK(ask(alice, get()));
  CAF_REQUIRE_EQUAL(server.connections.size(), 2u);
  CAF_CHECK_EQUAL(requests_on(server.connections[0]), 3u);
  CAF_CHECK_EQUAL(requests_on(server.connections[1]), 2u);
}

CAF_TEST(credentials that come unasked bind the connection as well) {
  auto& server = serve();
  start();
  auto& alice = connect();
  auto& stranger = connect();
  CAF_CHECK(ask(stranger, get())); // leaves one in the pool
  turn();
  CAF_CHECK(ask(alice, get("authorization:  negotiate YIIB\r\n")));
  CAF_CHECK_EQUAL(server.connections.size(), 1u);
  CAF_CHECK(ask(stranger, get()));
  CAF_CHECK_EQUAL(server.connections.size(), 2u);
  CAF_CHECK(ask(alice, simple_post("x")));
  CAF_CHECK_EQUAL(server.connections.size(), 2u);
  CAF_CHECK_EQUAL(count_of(server.connections[0].received, "POST / "), 1u);
}

CAF_TEST(other logins and other answers leave the connection to everybody) {
  auto& server = serve();
  server.answer = [](std::string_view request) {
    return request.find("Authorization") == request.npos
           ? with_length("HTTP/1.1 401 Unauthorized\r\n"
                         "WWW-Authenticate: Basic realm=\"x\", Digest\r\n",
                         "")
           : with_length("HTTP/1.1 200 OK\r\nWWW-Authenticate: NTLM\r\n", "");
  };
  start();
  for (int n = 0; n < 4; ++n) {
    auto& one = connect();
    CAF_CHECK(
      ask(one, get(n % 2 ? "Authorization: Basic Zm9vOmJhcg==\r\n" : "")));
    turn();
  }
  CAF_CHECK_EQUAL(server.connections.size(), 1u);
}

CAF_TEST(a bound connection that its server closes is replaced) {
  auto& server = start_with_login();
  auto& alice = connect();
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
  server.connections[0].finish();
  CAF_CHECK(run_until([&] {
    server.connections[0].attend();
    return server.connections[0].is_over();
  }));
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
  CAF_CHECK_EQUAL(alice.client.received, ok("in"));
  CAF_CHECK_EQUAL(server.connections.size(), 2u);
}

CAF_TEST(a bound connection ends with its client) {
  auto& server = start_with_login();
  auto& alice = connect();
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
  CAF_CHECK(!server.connections[0].is_over());
  alice.client.finish();
  CAF_CHECK(run_until([&] {
    server.connections[0].attend();
    return server.connections[0].is_over();
  }));
}

CAF_TEST(a bound connection of a drained server is closed at once) {
  auto& server = start_with_login();
  auto& alice = connect();
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
  serve();
  next.servers[0].admin = admin_state::drain;
  next.servers[0].state = {false, true, state_rule::admin_drain};
  next.usable = {1};
  publish();
  CAF_CHECK(run_until([&] {
    server.connections[0].attend();
    return server.connections[0].is_over();
  }));
  CAF_CHECK(ask(alice, get()));
  CAF_CHECK_EQUAL(alice.client.received, ok("a2 "));
}

CAF_TEST(a client with a bound connection is not taken while it rests) {
  start_with_login();
  auto& alice = connect();
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
  const auto answered_at = event_loop.now();
  CAF_CHECK(run_until(
    [&] { return event_loop.now() - answered_at > parks_after + 100ms; }));
  CAF_CHECK(!alice.session->take_idle());
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
}

CAF_TEST(a bound connection that rests holds no place of its server) {
  auto& server = serve();
  server.answer = nullptr;
  next.servers[0].max_connections = 1;
  start();
  auto& alice = connect();
  auto& stranger = connect();
  alice.client.send(get());
  CAF_CHECK(got_request(server));
  server.connections[0].send(offer);
  CAF_CHECK(answered(alice));
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
  stranger.client.send(get());
  CAF_CHECK(got_request(server, 1));
  // Now the place is taken: she waits for it, on her own connection.
  server.connections[0].received.clear();
  alice.client.send(get("Authorization: NTLM x\r\n"));
  CAF_CHECK(
    run_until([&] { return alice.session->phase() == session_phase::queued; }));
  server.connections[1].send(ok("stranger"));
  CAF_CHECK(answered(stranger));
  CAF_CHECK(got_request(server, 0));
  server.connections[0].send(ok("alice"));
  CAF_CHECK(answered(alice, 2));
  CAF_CHECK_EQUAL(server.connections.size(), 2u);
}

CAF_TEST(a route that has another backend now forgets the connection) {
  start_with_login();
  auto& alice = connect();
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
  fake_server other;
  auto elsewhere = local_ptr<backend_slot>{
    new backend_slot{"other", event_loop, 0, reporter, 0}};
  backend_snapshot snapshot = next;
  snapshot.name = "other";
  snapshot.servers.resize(1);
  snapshot.servers[0].live = std::make_shared<server_live>("other", "o1", 1);
  snapshot.live = std::make_shared<backend_live>("other", 1);
  elsewhere->adopt(std::make_shared<const backend_snapshot>(snapshot));
  frontend->current = hold(plan, elsewhere);
  CAF_CHECK(ask(alice, get("Authorization: NTLM x\r\n")));
  CAF_CHECK(run_until([&] {
    servers[0].connections[0].attend();
    return servers[0].connections[0].is_over();
  }));
}

CAF_TEST(any spelling of an offer and of credentials is seen) {
  http1::response_head answer;
  const auto offers = [&](std::string_view lines) {
    const auto text = "HTTP/1.1 401 U\r\n" + std::string{lines} + "\r\n";
    CAF_REQUIRE(http1::parse_response(text, {}, false, answer)
                == http1::parse_status::done);
    return http1::offers_login(answer);
  };
  for (const auto* lines :
       {"WWW-Authenticate: NTLM\r\n", "www-authenticate: ntlm\r\n",
        "Proxy-Authenticate:negotiate\r\n",
        "WWW-Authenticate: Negotiate oYG2MIGzoAMKAQ==\r\n",
        "WWW-Authenticate: Basic realm=\"a, b\", Negotiate\r\n",
        "WWW-Authenticate: Basic\r\nWWW-AUTHENTICATE: Nego2\r\n",
        "WWW-Authenticate: ,,\t NTLM ,Basic\r\n"})
    CAF_CHECK(offers(lines));
  for (const auto* lines :
       {"", "WWW-Authenticate: Basic realm=\"x\"\r\n", "X-Auth: NTLM\r\n",
        "WWW-Authenticate: Bearer\r\n", "WWW-Authenticate: NTLMx\r\n"})
    CAF_CHECK(!offers(lines));
  http1::request_head request;
  const auto brings = [&](std::string_view line) {
    const auto text = get(line);
    CAF_REQUIRE(http1::parse_request(text, {}, request)
                == http1::parse_status::done);
    return http1::logs_in(request);
  };
  for (const auto* line :
       {"Authorization: NTLM TlRM\r\n", "AUTHORIZATION: nTLM x\r\n",
        "Proxy-Authorization: Negotiate YII=\r\n"})
    CAF_CHECK(brings(line));
  for (const auto* line :
       {"Authorization: Bearer NTLM\r\n", "Authorization: Basic x\r\n",
        "Cookie: NTLM\r\n", ""})
    CAF_CHECK(!brings(line));
}

// -- what else keeps a connection from the pool, or a request from one
// ---------

CAF_TEST(a connection that was asked for another protocol is not pooled) {
  auto& server = serve();
  start();
  auto& one = connect();
  CAF_CHECK(ask(one, get("Connection: upgrade\r\nUpgrade: websocket\r\n")));
  turn();
  CAF_CHECK(ask(one, get()));
  CAF_CHECK_EQUAL(server.connections.size(), 2u);
}

CAF_TEST(with reuse safe the first request opens a connection of its own) {
  auto& server = serve();
  next.pool.reuse = pool_reuse::safe;
  start();
  for (size_t n = 1; n <= 3; ++n) {
    auto& one = connect();
    CAF_CHECK(ask(one, get()));
    turn();
    CAF_CHECK(ask(one, get()));
    turn();
    CAF_CHECK_EQUAL(server.connections.size(), n);
  }
}

CAF_TEST(a 408 on a kept connection is no answer to the next GET) {
  auto& server = serve();
  start();
  auto& one = connect();
  CAF_CHECK(ask(one, get()));
  turn();
  // As if it were on its way when the request left.
  server.answer = nullptr;
  one.client.received.clear();
  one.client.send(get());
  CAF_CHECK(run_until([&] { return requests_on(server.connections[0]) == 2; }));
  server.answer = [](std::string_view) { return ok("anew"); };
  server.connections[0].answered = server.connections[0].received.size();
  server.connections[0].send("HTTP/1.1 408 Request Timeout\r\n"
                             "Connection: close\r\nContent-Length: 0\r\n\r\n");
  server.connections[0].finish();
  CAF_CHECK(answered(one));
  CAF_CHECK_EQUAL(one.client.received, ok("anew"));
  CAF_CHECK(reporter.reported.empty());
  // On a fresh connection it is the server's own word.
  auto& another = connect();
  server.answer = [](std::string_view) {
    return with_length("HTTP/1.1 408 Request Timeout\r\n", "");
  };
  for (auto& connection : server.connections)
    connection.reset();
  turn(3);
  CAF_CHECK(ask(another, get()));
  CAF_CHECK(another.client.received.starts_with("HTTP/1.1 408 "));
}

CAF_TEST_FIXTURE_SCOPE_END()
