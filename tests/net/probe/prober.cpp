// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_prober
#include "caf_test.hpp"

#include "net/probe/prober.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sys/resource.h>
#include <thread>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// A server that reads one request head and answers with fixed bytes.
template <class Protocol>
struct fake_server {
  fake_server(asio::io_context& loop, const typename Protocol::endpoint& at)
    : acceptor(loop, at), socket(loop) {
    acceptor.async_accept(socket, [this](error_code ec) {
      accepted = !ec;
      if (!ec)
        read_request();
    });
  }

  void read_request() {
    asio::async_read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n",
                           [this](error_code ec, size_t) {
                             end_of_read = ec;
                             if (!ec)
                               send_answer();
                           });
  }

  void send_answer() {
    asio::async_write(socket, asio::buffer(answer), [this](error_code, size_t) {
      error_code ignored;
      if (close)
        socket.close(ignored);
    });
  }

  troupe::endpoint address() const {
    const auto x = acceptor.local_endpoint();
    return {x.data(), static_cast<socklen_t>(x.size())};
  }

  typename Protocol::acceptor acceptor;
  typename Protocol::socket socket;
  std::string request;
  std::string answer;
  bool close = true;
  bool accepted = false;
  error_code end_of_read;
};

struct fixture {
  fixture() { check.timeout = 5s; }

  /// The server lives as long as the fixture.
  fake_server<tcp>* serve(std::string answer) {
    servers.push_back(std::make_unique<fake_server<tcp>>(
      loop, tcp::endpoint{asio::ip::address_v4::loopback(), 0}));
    servers.back()->answer = std::move(answer);
    return servers.back().get();
  }

  /// Runs one probe to its end.
  probe_result probe(const endpoint& target) {
    std::optional<probe_result> result;
    unsigned calls = 0;
    subject->start(target, check, [&](const probe_result& x) {
      result = x;
      ++calls;
    });
    CAF_CHECK(!result);
    loop.restart();
    while (!result)
      loop.run_one();
    loop.poll();
    CAF_CHECK_EQUAL(calls, 1u);
    return *result;
  }

  probe_result probe_http(const std::string& answer) {
    check.type = check_type::http;
    auto* const server = serve(answer);
    return probe(server->address());
  }

  asio::io_context loop{1};
  std::vector<std::unique_ptr<fake_server<tcp>>> servers;
  std::unique_ptr<prober> subject = make_prober(loop);
  check_settings check;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(prober_tests, fixture)

CAF_TEST(a connect is enough for a tcp check) {
  auto* const server = serve("");
  const auto x = probe(server->address());
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::success);
  CAF_CHECK_EQUAL(x.status, 0u);
  CAF_CHECK(x.took > 0us);
}

CAF_TEST(a server that answered while this node was late is no timeout) {
  check.type = check_type::http;
  check.timeout = 100ms;
  auto* const server = serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  std::optional<probe_result> result;
  subject->start(server->address(), check,
                 [&](const probe_result& x) { result = x; });
  while (!result) {
    loop.run_one();
    std::this_thread::sleep_for(30ms); // the loop's other work
  }
  CAF_CHECK_EQUAL(result->outcome, probe_outcome::success);
}

CAF_TEST(a server that does not answer is a timeout on a late node too) {
  check.type = check_type::http;
  check.timeout = 100ms;
  tcp::acceptor silent{loop, {asio::ip::address_v4::loopback(), 0}};
  const auto at = silent.local_endpoint();
  std::optional<probe_result> result;
  const auto began = std::chrono::steady_clock::now();
  subject->start({at.data(), static_cast<socklen_t>(at.size())}, check,
                 [&](const probe_result& x) { result = x; });
  while (!result) {
    loop.run_one_for(50ms);
    std::this_thread::sleep_for(60ms);
  }
  CAF_CHECK_EQUAL(result->outcome, probe_outcome::timeout);
  CAF_CHECK(std::chrono::steady_clock::now() - began < 2s);
}

CAF_TEST(no server sees the connection of a tcp check) {
  // Where this process had to wait between answer and reset, one may.
  bool unseen = false;
  for (int n = 0; n < 20 && !unseen; ++n) {
    auto* const server = serve("");
    CAF_CHECK_EQUAL(probe(server->address()).outcome, probe_outcome::success);
    loop.restart();
    loop.poll();
    unseen = !server->accepted;
  }
  CAF_CHECK(unseen);
}

CAF_TEST(a refused connect is a failure of the server) {
  auto* const server = serve("");
  const auto target = server->address();
  server->acceptor.close();
  const auto x = probe(target);
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::failure);
  CAF_CHECK(!x.local_error);
  CAF_CHECK_EQUAL(x.detail, "connect: connection refused");
}

CAF_TEST(the port of the check replaces that of the server) {
  auto* const server = serve("");
  check.port = server->address().port();
  const auto x = probe(*endpoint::parse("127.0.0.1:1"));
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::success);
}

CAF_TEST(an http check sends the request that was configured) {
  check.type = check_type::http;
  check.method = "HEAD";
  check.path = "/ready?x=1";
  check.host = "app.example";
  auto* const server = serve("HTTP/1.1 204 No Content\r\n\r\n");
  const auto x = probe(server->address());
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::success);
  CAF_CHECK_EQUAL(x.status, 204u);
  CAF_CHECK(server->request.starts_with(
    "HEAD /ready?x=1 HTTP/1.1\r\nHost: app.example\r\n"));
  CAF_CHECK(server->request.find("\r\nConnection: close\r\n")
            != std::string::npos);
  CAF_CHECK(server->request.find("\r\nUser-Agent: troupe-health-check\r\n")
            != std::string::npos);
}

CAF_TEST(without a host the address of the server is sent) {
  check.type = check_type::http;
  auto* const server = serve("HTTP/1.0 200 OK\r\n\r\n");
  const auto x = probe(server->address());
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::success);
  CAF_CHECK(
    server->request.find("\r\nHost: " + server->address().to_string() + "\r\n")
    != std::string::npos);
}

CAF_TEST(a status that is not expected is a failure that names it) {
  const auto x = probe_http("HTTP/1.1 503 Service Unavailable\r\n\r\n");
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::failure);
  CAF_CHECK_EQUAL(x.status, 503u);
  CAF_CHECK_EQUAL(x.detail, "status 503");
}

CAF_TEST(any of several ranges of statuses will do) {
  check.expect_status = {{200, 200}, {404, 404}};
  CAF_CHECK_EQUAL(probe_http("HTTP/1.1 404 Not Found\r\n\r\n").outcome,
                  probe_outcome::success);
  CAF_CHECK_EQUAL(probe_http("HTTP/1.1 204 No Content\r\n\r\n").outcome,
                  probe_outcome::failure);
}

CAF_TEST(interim responses are skipped) {
  const auto x = probe_http("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                            "HTTP/1.1 200 OK\r\n\r\n");
  CAF_CHECK_EQUAL(x.status, 200u);
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::success);
}

CAF_TEST(what is not HTTP fails at once) {
  for (const auto* text :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/2.0 200 OK\r\n", "HTTP/1.1 2x0 OK\r\n",
        "HTTP/1.1 2000 OK\r\n", "HTTP/1.1  200 OK\r\n"}) {
    const auto x = probe_http(text);
    CAF_CHECK_EQUAL(x.outcome, probe_outcome::failure);
    CAF_CHECK_EQUAL(x.detail,
                    "a response that would be refused: no HTTP/1.x response");
  }
}

CAF_TEST(what would not be sent on fails and says why) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string refused = "a response that would be refused: ";
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
         {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
          "a line that ends without CR"},
         {ok + "Content-Length: 2\n\r\nok", "a line that ends without CR"},
         {ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", ""},
         {ok + "Content-Length: 2, 2\r\n\r\n", ""},
         {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
         {ok + "A: b\r\n c\r\n\r\n", "folded field"},
         {"HTTP/1.1 999 OK\r\n\r\n", "status outside of 100..599"},
         {ok + "X: " + std::string(40'000, 'x'), "head too large"}}) {
    const auto x = probe_http(text);
    CAF_CHECK_EQUAL(x.outcome, probe_outcome::failure);
    if (!x.detail.starts_with(refused) || !x.detail.ends_with(why)
        || x.detail == refused)
      CAF_ERROR(x.detail << " for " << text.substr(0, 80));
  }
}

CAF_TEST(a status line alone is no response) {
  CAF_CHECK_EQUAL(probe_http("HTTP/1.1 200 OK\r\n").detail,
                  "closed inside the response head");
}

CAF_TEST(a server that closes early fails) {
  CAF_CHECK_EQUAL(probe_http("").detail, "closed without a response");
  CAF_CHECK_EQUAL(probe_http("HTTP/1.1 2").detail,
                  "closed inside the response head");
}

CAF_TEST(endless interim responses are cut off at 64 KiB) {
  std::string text;
  while (text.size() < 70'000)
    text +=
      "HTTP/1.1 100 Continue\r\nX: " + std::string(1000, 'x') + "\r\n\r\n";
  const auto x = probe_http(text);
  CAF_CHECK_EQUAL(x.detail, "no final response in 64 KiB");
}

CAF_TEST(a server that stays silent times out) {
  check.type = check_type::http;
  check.timeout = 30ms;
  auto* const server = serve("");
  server->close = false;
  const auto x = probe(server->address());
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::timeout);
  // A node that is late itself waits longer.
  CAF_CHECK(x.detail.starts_with("no answer in "));
  CAF_CHECK(x.detail.ends_with(" ms, waiting for the response"));
  CAF_CHECK(x.took >= 30ms);
}

CAF_TEST(a probe without a free descriptor is a local error) {
  auto* const server = serve("");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto x = probe(server->address());
  ::setrlimit(RLIMIT_NOFILE, &before);
  CAF_CHECK(x.local_error);
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::failure);
}

CAF_TEST(a Unix socket is probed like any other) {
  char name[] = "/tmp/troupe-probe-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(name);
  const auto path = (directory / "s").string();
  check.type = check_type::http;
  fake_server<asio::local::stream_protocol> server{loop, {path}};
  server.answer = "HTTP/1.1 200 OK\r\n\r\n";
  const auto x = probe(*endpoint::parse("unix:" + path));
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::success);
  CAF_CHECK(server.request.find("\r\nHost: localhost\r\n")
            != std::string::npos);
  server.acceptor.close();
  CAF_CHECK_EQUAL(probe(*endpoint::parse("unix:" + path)).detail,
                  "connect: connection refused");
  std::filesystem::remove_all(directory);
}

CAF_TEST(a Unix socket with a full backlog is not taken for connected) {
  char name[] = "/tmp/troupe-probe-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(name);
  using local = asio::local::stream_protocol;
  const local::endpoint at{(directory / "s").string()};
  local::acceptor full{loop};
  full.open();
  full.bind(at);
  full.listen(0);
  local::socket first{loop};
  first.connect(at);
  const auto address = *endpoint::parse("unix:" + at.path());
  check.timeout = 150ms;
  const auto x = probe(address);
  CAF_CHECK_EQUAL(x.outcome, probe_outcome::timeout);
  CAF_CHECK(x.detail.starts_with("no answer in "));
  CAF_CHECK(
    x.detail.ends_with(" ms, waiting for a place in the server's backlog"));
  CAF_CHECK(!x.connected);
  // Like a full backlog of TCP it is waited for.
  check.timeout = 10s;
  asio::steady_timer later{loop, 80ms};
  later.async_wait([&](const auto&) { full.accept(); });
  CAF_CHECK_EQUAL(probe(address).outcome, probe_outcome::success);
  std::filesystem::remove_all(directory);
}

CAF_TEST(a prober that is destroyed calls nobody back) {
  check.type = check_type::http;
  auto* const server = serve("HTTP/1.1 200 OK\r\n\r\n");
  bool called = false;
  subject->start(server->address(), check,
                 [&](const probe_result&) { called = true; });
  while (!server->accepted)
    loop.run_one();
  subject.reset();
  while (!server->end_of_read && server->request.empty())
    loop.run_one();
  loop.poll();
  CAF_CHECK(!called);
}

CAF_TEST(a callback may destroy the prober and its other probes) {
  auto* const server = serve("");
  unsigned calls = 0;
  for (int i = 0; i < 3; ++i)
    subject->start(server->address(), check, [&](const probe_result&) {
      ++calls;
      subject.reset();
    });
  while (subject)
    loop.run_one();
  loop.poll();
  CAF_CHECK_EQUAL(calls, 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
