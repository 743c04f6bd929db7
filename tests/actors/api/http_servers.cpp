// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_servers

#include "api/http_servers.hpp"
#include "../control_fixture.hpp"
#include "api/messages.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace asio = boost::asio;

namespace troupe::actors {

namespace {

/// Real servers on a loop; the scoped actor is the admin actor.
struct fixture : control_fixture {
  fixture() {
    auto pattern =
      (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    CAF_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
    std::ofstream{directory / "deploy"} << "let-me-act\n";
    wanted.admin.socket = directory / "admin.sock";
    wanted.admin.listen = "127.0.0.1:0";
    wanted.admin.tokens = {{directory / "deploy", token_role::operate}};
    wanted.metrics.listen = "127.0.0.1:0";
  }

  ~fixture() override {
    servers.reset();
    loop.poll();
    std::filesystem::remove_all(directory);
  }

  void open() { servers = open_admin_servers(loop, wanted); }

  void serve() {
    servers->serve(caf::actor_cast<admin_actor>(
      caf::actor_cast<caf::strong_actor_ptr>(self)));
  }

  /// What one exchange on a connection gives. The loop runs here, the client on
  /// its own thread; `between` runs on the loop's.
  template <class Socket, class Address>
  std::string exchange(const Address& address, const std::string& request) {
    std::string reply;
    std::atomic<bool> done{false};
    std::thread client{[&] {
      asio::io_context own;
      Socket socket{own};
      boost::system::error_code ec;
      socket.connect(address, ec);
      if (!ec)
        asio::write(socket, asio::buffer(request), ec);
      if (!ec)
        asio::read(socket, asio::dynamic_buffer(reply), ec);
      done = true;
    }};
    while (!done) {
      loop.restart();
      loop.run_for(std::chrono::milliseconds{10});
      answer();
    }
    client.join();
    return reply;
  }

  std::string over_tcp(const endpoint& to, const std::string& line,
                       const std::string& fields = {}) {
    using tcp = asio::ip::tcp;
    tcp::endpoint address{asio::ip::make_address(to.ip()), to.port()};
    return exchange<tcp::socket>(
      address,
      line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n");
  }

  std::string over_socket(const std::string& line) {
    using local = asio::local::stream_protocol;
    return exchange<local::socket>(
      local::endpoint{wanted.admin.socket},
      line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  /// The admin actor answers with who asked.
  void answer() {
    self->receive(
      [&](const api_call& x) {
        calls.push_back(x);
        x.reply({200, "text/plain", "hello " + x.who});
        calls.back().reply = {};
      },
      caf::after(std::chrono::milliseconds{0}) >> [] {});
  }

  std::string refusal_of_open() {
    try {
      open();
      return {};
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }

  asio::io_context loop;
  std::filesystem::path directory;
  settings wanted;
  std::unique_ptr<admin_servers> servers;
  std::vector<api_call> calls;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(admin_servers_tests, fixture)

CAF_TEST(requests before an actor serves get a 503) {
  open();
  auto reply = over_tcp(servers->metrics_address(), "GET /metrics");
  CAF_CHECK(reply.starts_with("HTTP/1.1 503"));
  CAF_CHECK(contains(reply, "starting or stopping"));
  CAF_CHECK(calls.empty());
}

CAF_TEST(the unix socket needs no token) {
  open();
  serve();
  auto reply = over_socket("GET /v1/status");
  CAF_CHECK(reply.starts_with("HTTP/1.1 200"));
  CAF_CHECK(contains(reply, "hello uid " + std::to_string(::getuid())));
  CAF_REQUIRE_EQUAL(calls.size(), 1u);
  CAF_CHECK(calls[0].door == api_door::admin);
  CAF_CHECK_EQUAL(calls[0].request->path, "/v1/status");
}

CAF_TEST(the health pages need no actor) {
  open();
  auto to = servers->metrics_address();
  CAF_CHECK(over_tcp(to, "GET /healthz").ends_with("\r\n\r\nok\n"));
  CAF_CHECK(over_tcp(to, "GET /readyz").ends_with("\r\n\r\nstarting\n"));
  servers->tell({true, {}});
  CAF_CHECK(over_tcp(to, "GET /readyz").starts_with("HTTP/1.1 200"));
  servers->tell({false, "stopping"});
  CAF_CHECK(over_socket("GET /readyz").ends_with("\r\n\r\nstopping\n"));
}

CAF_TEST(the health pages tell of a control loop that is stuck) {
  milliseconds silence{500};
  servers = open_admin_servers(loop, wanted, [&] { return silence; });
  auto to = servers->metrics_address();
  servers->tell({true, {}});
  CAF_CHECK(over_tcp(to, "GET /readyz").starts_with("HTTP/1.1 200"));
  silence = milliseconds{11'000};
  CAF_CHECK(over_tcp(to, "GET /healthz").starts_with("HTTP/1.1 503"));
  CAF_CHECK(over_tcp(to, "GET /readyz").starts_with("HTTP/1.1 503"));
}

CAF_TEST(whoever has no right is told so before the body comes) {
  open();
  serve();
  auto to = servers->admin_address();
  const std::string body = "Content-Length: 1000000\r\n";
  auto reply = over_tcp(to, "POST /v1/reload", body);
  CAF_CHECK(reply.starts_with("HTTP/1.1 401"));
  CAF_CHECK(
    contains(reply, "\r\nWWW-Authenticate: Bearer realm=\"troupe\"\r\n"));
  reply = over_tcp(to, "POST /v1/reload", body + "Authorization: Bearer x\r\n");
  CAF_CHECK(contains(reply, "error=\"invalid_token\""));
  const std::string token = "Authorization: Bearer let-me-act\r\n";
  CAF_CHECK(
    over_tcp(to, "POST /v1/nothing", body + token).starts_with("HTTP/1.1 404"));
  reply = over_tcp(to, "POST /v1/status", body + token);
  CAF_CHECK(reply.starts_with("HTTP/1.1 405"));
  CAF_CHECK(contains(reply, "\r\nAllow: GET\r\n"));
  CAF_CHECK(
    over_tcp(to, "POST /v1/reload", "Content-Length: 1048577\r\n" + token)
      .starts_with("HTTP/1.1 413"));
  CAF_CHECK(over_tcp(servers->metrics_address(), "GET /metrics", body)
              .starts_with("HTTP/1.1 413"));
  CAF_CHECK(calls.empty());
}

CAF_TEST(a token that may only read is told what it lacks) {
  std::ofstream{directory / "screen"} << "let-me-look\n";
  wanted.admin.tokens.push_back({directory / "screen", token_role::read});
  open();
  serve();
  auto reply = over_tcp(servers->admin_address(), "POST /v1/reload",
                        "Content-Length: 1000000\r\n"
                        "Authorization: Bearer let-me-look\r\n");
  CAF_CHECK(reply.starts_with("HTTP/1.1 403"));
  CAF_CHECK(contains(reply, "error=\"insufficient_scope\""));
}

CAF_TEST(names that lead others to a loopback address are refused) {
  for (const auto* host : {"evil.example", "evil.example:9090", "a.b.c",
                           "127.0.0.1.nip.io", "1.2.3.4.", "evil.example."})
    CAF_CHECK(may_be_rebound(host) == (std::string{host} != "1.2.3.4."));
  for (const auto* host :
       {"", "x", "localhost", "localhost:9090", "127.0.0.1", "10.1.2.3:80",
        "[::1]:9090", "[::1]", "lb1", "a.localhost", "A.LOCALHOST:1"})
    CAF_CHECK(!may_be_rebound(host));
}

CAF_TEST(tcp needs a token) {
  open();
  serve();
  auto to = servers->admin_address();
  CAF_CHECK(over_tcp(to, "GET /v1/status").starts_with("HTTP/1.1 401"));
  CAF_CHECK(over_tcp(to, "GET /v1/status", "Authorization: Bearer wrong\r\n")
              .starts_with("HTTP/1.1 401"));
  CAF_CHECK(calls.empty());
  auto reply =
    over_tcp(to, "POST /v1/reload", "Authorization: Bearer let-me-act\r\n");
  CAF_CHECK(reply.starts_with("HTTP/1.1 200"));
  CAF_CHECK(contains(reply, "hello token deploy from 127.0.0.1"));
}

CAF_TEST(the dashboard needs no token and is on tcp only) {
  open();
  auto to = servers->admin_address();
  auto page = over_tcp(to, "GET /");
  CAF_CHECK(page.starts_with("HTTP/1.1 200"));
  CAF_CHECK(contains(page, "\r\nContent-Security-Policy: default-src 'none';"));
  CAF_CHECK(contains(page, "\r\nX-Content-Type-Options: nosniff\r\n"));
  auto head = over_tcp(to, "HEAD /style.css");
  CAF_CHECK(head.starts_with("HTTP/1.1 200"));
  CAF_CHECK(head.ends_with("\r\n\r\n"));
  CAF_CHECK(over_tcp(to, "POST /").starts_with("HTTP/1.1 405"));
  serve();
  CAF_CHECK(over_socket("GET /").starts_with("HTTP/1.1 404"));
  CAF_CHECK(
    over_tcp(servers->metrics_address(), "GET /").starts_with("HTTP/1.1 404"));
  CAF_CHECK(calls.empty());
}

CAF_TEST(a call tells the role of its token) {
  std::ofstream{directory / "screen"} << "let-me-look\n";
  wanted.admin.tokens.push_back({directory / "screen", token_role::read});
  open();
  serve();
  auto to = servers->admin_address();
  over_tcp(to, "GET /v1/access", "Authorization: Bearer let-me-act\r\n");
  over_tcp(to, "GET /v1/access", "Authorization: Bearer let-me-look\r\n");
  over_socket("GET /v1/access");
  over_tcp(servers->metrics_address(), "GET /metrics");
  CAF_REQUIRE_EQUAL(calls.size(), 4u);
  CAF_CHECK(calls[0].role == token_role::operate);
  CAF_CHECK(calls[1].role == token_role::read);
  CAF_CHECK(calls[2].role == token_role::operate);
  CAF_CHECK(calls[3].role == token_role::read);
}

CAF_TEST(metrics have their own door) {
  open();
  serve();
  auto to = servers->metrics_address();
  CAF_CHECK(over_tcp(to, "GET /v1/status").starts_with("HTTP/1.1 404"));
  CAF_CHECK(calls.empty());
  over_tcp(to, "GET /metrics");
  CAF_REQUIRE_EQUAL(calls.size(), 1u);
  CAF_CHECK(calls[0].door == api_door::metrics);
}

CAF_TEST(what is not wanted is not opened) {
  wanted.admin = {};
  wanted.admin.socket.clear();
  wanted.metrics.listen.clear();
  open();
  CAF_CHECK(servers->admin_address().empty());
  CAF_CHECK(servers->metrics_address().empty());
}

CAF_TEST(an address that is taken is one clear line) {
  open();
  auto taken = servers->metrics_address().to_string();
  auto first = std::move(servers);
  wanted.admin.socket.clear();
  wanted.metrics.listen = taken;
  auto text = refusal_of_open();
  CAF_CHECK(text.starts_with("metrics.listen: "));
  CAF_CHECK(contains(text, taken));
  CAF_CHECK(!contains(text, "\n"));
  first.reset();
}

CAF_TEST(a missing token file opens nothing) {
  wanted.admin.tokens[0].file += ".gone";
  auto text = refusal_of_open();
  CAF_CHECK(text.starts_with("admin.tokens: "));
  CAF_CHECK(!std::filesystem::exists(wanted.admin.socket));
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
