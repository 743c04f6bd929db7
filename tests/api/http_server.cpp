// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_http_server
#include "caf_test.hpp"

#include "api/http/http_server.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::admin;
namespace fs = std::filesystem;

namespace {

/// A client whose reads let the loop run.
class client {
public:
  client(boost::asio::io_context& loop, const endpoint& to) : loop_(loop) {
    fd_ = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    CAF_REQUIRE(fd_ >= 0);
    CAF_REQUIRE_EQUAL(::connect(fd_, to.data(), to.size()), 0);
  }
  ~client() { close(); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  void send(std::string_view text) {
    while (!text.empty()) {
      const auto n =
        ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0)
        text.remove_prefix(static_cast<size_t>(n));
      else if (errno != EAGAIN)
        return;
      run();
    }
  }

  /// Sends what fits at once, and lets nobody run.
  void put(std::string_view text) {
    CAF_REQUIRE_EQUAL(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(text.size()));
  }

  /// Reads until `text` holds `what`, the server closes or five seconds passed.
  std::string read_until(std::string_view what) {
    const auto deadline = clock::now() + 5s;
    std::string text;
    while (text.find(what) == std::string::npos && clock::now() < deadline
           && !ended_) {
      run();
      receive(text);
    }
    return text;
  }

  std::string read_all() { return read_until("\n\n this never comes"); }

  bool ended() const { return ended_; }

  void close() {
    if (fd_ >= 0)
      ::close(std::exchange(fd_, -1));
  }

private:
  void run() {
    loop_.restart();
    loop_.run_one_for(1ms);
    loop_.poll();
  }

  void receive(std::string& text) {
    char piece[65536];
    const auto n = ::recv(fd_, piece, sizeof piece, MSG_DONTWAIT);
    if (n > 0)
      text.append(piece, static_cast<size_t>(n));
    else if (n == 0 || errno != EAGAIN)
      ended_ = true;
  }

  boost::asio::io_context& loop_;
  int fd_ = -1;
  bool ended_ = false;
};

struct fixture {
  fixture() {
    char name[] = "/tmp/troupe-admin-XXXXXX";
    directory = ::mkdtemp(name);
    limits.timeout_linger = 200ms;
    handler = [](const request& x, responder respond) {
      respond({200, "text/plain", x.method + " " + x.path});
    };
  }
  ~fixture() {
    server.reset();
    fs::remove_all(directory);
  }

  void start(const std::string& address = "127.0.0.1:0") {
    server = listen(
      loop, *endpoint::parse(address),
      [this](const request& x) { return decide(x); }, limits);
  }

  /// What the head of a request leads to: the handler, unless a test says
  /// otherwise.
  decision decide(const request& x) {
    heads.push_back(x);
    auto result = on_head(x);
    if (!result.refusal)
      result.handle = [this](const request& whole, responder respond) {
        requests.push_back(whole);
        handler(whole, std::move(respond));
      };
    return result;
  }

  bool refused(const std::string& address) {
    try {
      start(address);
      return false;
    } catch (const boost::system::system_error&) {
      return true;
    }
  }

  client connect() { return {loop, server->local_endpoint()}; }

  /// One request on its own connection, and all that comes back.
  std::string exchange(std::string_view text) {
    auto c = connect();
    c.send(text);
    return c.read_all();
  }

  std::string socket_path() const { return directory / "admin.sock"; }

  void run_until(const std::function<bool()>& done) {
    const auto deadline = clock::now() + 5s;
    loop.restart();
    while (!done() && clock::now() < deadline)
      loop.run_one_for(1ms);
    CAF_REQUIRE(done());
  }

  boost::asio::io_context loop{1};
  fs::path directory;
  http_limits limits;
  std::function<decision(const request&)> on_head = [](const request&) {
    decision result;
    result.body_bytes_max = 1 << 20;
    return result;
  };
  request_handler handler;
  std::vector<request> heads;
  std::vector<request> requests;
  std::unique_ptr<http_server> server;
};

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

constexpr std::string_view get_a =
  "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
constexpr std::string_view get_b = "GET /b HTTP/1.1\r\nHost: x\r\n\r\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_server_tests, fixture)

CAF_TEST(a request is handed over in its parts) {
  start();
  const auto reply = exchange(
    "PUT /v1/a%20b?c=d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
    "Accept: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
  CAF_REQUIRE_EQUAL(requests.size(), 1u);
  const auto& x = requests[0];
  CAF_CHECK_EQUAL(x.method, "PUT");
  CAF_CHECK_EQUAL(x.path, "/v1/a b");
  CAF_CHECK_EQUAL(x.query, "c=d");
  CAF_CHECK_EQUAL(x.body, "body");
  CAF_CHECK_EQUAL(x.authorization, "Bearer t");
  CAF_CHECK_EQUAL(x.accept, "text/html");
  CAF_CHECK(x.peer.starts_with("127.0.0.1:"));
  CAF_CHECK(!x.local);
  CAF_CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  CAF_CHECK(has(reply, "\r\nContent-Type: text/plain\r\n"));
  CAF_CHECK(has(reply, "\r\nCache-Control: no-store\r\n"));
  CAF_CHECK(has(reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
  CAF_CHECK(reply.ends_with("\r\n\r\nPUT /v1/a b"));
}

CAF_TEST(an answer may bring fields of its own) {
  handler = [](const request& x, responder respond) {
    respond({200,
             "text/plain",
             x.if_none_match,
             {{"ETag", "\"1\""}, {"Cache-Control", "no-cache"}}});
  };
  start();
  const auto reply =
    exchange("GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"2\"\r\n"
             "Connection: close\r\n\r\n");
  CAF_CHECK(has(reply, "\r\nETag: \"1\"\r\n"));
  CAF_CHECK(has(reply, "\r\nCache-Control: no-cache\r\n"));
  CAF_CHECK(!has(reply, "no-store"));
  CAF_CHECK(reply.ends_with("\r\n\r\n\"2\""));
}

CAF_TEST(a 304 has no body and the connection goes on) {
  handler = [](const request&, responder respond) {
    respond({304, "text/html", {}, {{"ETag", "\"1\""}}});
  };
  start();
  const auto reply = exchange(std::string{get_b} + std::string{get_a});
  CAF_CHECK_EQUAL(requests.size(), 2u);
  CAF_CHECK(reply.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  CAF_CHECK(reply.ends_with("\r\n\r\n"));
  CAF_CHECK(!has(reply, "\r\nContent-Type:"));
  CAF_CHECK(!has(reply, "\r\nContent-Length:"));
}

CAF_TEST(a connection is kept and pipelined requests are answered in order) {
  start();
  auto c = connect();
  c.send(get_b);
  CAF_CHECK(has(c.read_until("GET /b"), "Content-Length: 6\r\n"));
  c.send(std::string{get_b} + std::string{get_b} + std::string{get_a});
  const auto reply = c.read_all();
  CAF_CHECK(c.ended());
  CAF_CHECK_EQUAL(requests.size(), 4u);
  CAF_CHECK(reply.ends_with("GET /a"));
}

CAF_TEST(a chunked body is put together) {
  start();
  exchange("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
           "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  CAF_REQUIRE_EQUAL(requests.size(), 1u);
  CAF_CHECK_EQUAL(requests[0].body, "abcde");
}

CAF_TEST(a HEAD is a GET without its body) {
  start();
  const auto reply =
    exchange("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CAF_CHECK_EQUAL(requests.at(0).method, "GET");
  CAF_CHECK(has(reply, "\r\nContent-Length: 6\r\n"));
  CAF_CHECK(reply.ends_with("\r\n\r\n"));
}

CAF_TEST(HTTP 1.0 is answered and closed) {
  start();
  const auto reply = exchange("GET /a HTTP/1.0\r\n\r\n");
  CAF_CHECK(has(reply, " 200 OK\r\n") && reply.ends_with("GET /a"));
}

CAF_TEST(a client that waits for 100 gets it) {
  start();
  auto c = connect();
  c.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
         "Expect: 100-continue\r\nConnection: close\r\n\r\n");
  CAF_CHECK_EQUAL(c.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  c.send("ok");
  CAF_CHECK(c.read_all().starts_with("HTTP/1.1 200 OK\r\n"));
}

CAF_TEST(a reply may come later) {
  responder later;
  handler = [&](const request&, responder x) { later = std::move(x); };
  start();
  auto c = connect();
  c.send(get_a);
  run_until([&] { return bool{later}; });
  later({503, "application/json", "{}"});
  later({200, "application/json", "twice"});
  const auto reply = c.read_all();
  CAF_CHECK(reply.starts_with("HTTP/1.1 503 "));
  CAF_CHECK(!has(reply, "twice"));
}

CAF_TEST(a reply to a peer that has left is dropped) {
  responder later;
  handler = [&](const request&, responder x) { later = std::move(x); };
  start();
  auto c = connect();
  c.send(get_a);
  run_until([&] { return bool{later}; });
  c.close();
  later({200, "text/plain", std::string(1'000'000, 'x')});
  loop.restart();
  loop.run_for(20ms);
  handler = [](const request&, responder x) { x({}); };
  CAF_CHECK(has(exchange(get_a), " 200 OK\r\n"));
}

CAF_TEST(a reply after the end of the server is dropped) {
  responder later;
  handler = [&](const request&, responder x) { later = std::move(x); };
  start();
  auto c = connect();
  c.send(get_a);
  run_until([&] { return bool{later}; });
  server.reset();
  later({});
  later = nullptr;
  CAF_CHECK_EQUAL(c.read_all(), "");
  CAF_CHECK(c.ended());
}

CAF_TEST(a request that is dropped unanswered gets 500) {
  handler = [](const request&, responder) {};
  start();
  CAF_CHECK(exchange(get_a).starts_with("HTTP/1.1 500 "));
}

CAF_TEST(a handler may destroy the server) {
  handler = [this](const request&, responder respond) {
    server.reset();
    respond({});
  };
  start();
  auto c = connect();
  c.send(get_a);
  c.read_all();
  CAF_CHECK(c.ended());
}

CAF_TEST(what is not HTTP gets 400 and reaches no handler) {
  start();
  for (const auto* text :
       {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"}) {
    const auto reply = exchange(text);
    CAF_CHECK(reply.starts_with("HTTP/1.1 400 "));
    CAF_CHECK(has(reply, "\r\nConnection: close\r\n"));
  }
  CAF_CHECK(exchange("GET / HTTP/9.9\r\n\r\n").starts_with("HTTP/1.1 505 "));
  CAF_CHECK(heads.empty());
  CAF_CHECK(requests.empty());
}

CAF_TEST(a head may be refused before its body comes and before 100) {
  on_head = [](const request&) {
    return decision{response{401, "application/json", "{}"}};
  };
  start();
  auto c = connect();
  c.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
         "Expect: 100-continue\r\n\r\n");
  const auto reply = c.read_until("{}");
  CAF_CHECK(reply.starts_with("HTTP/1.1 401 "));
  CAF_CHECK(has(reply, "\r\nConnection: close\r\n"));
  c.send(std::string(1000, 'x') + std::string{get_a});
  c.read_all();
  CAF_CHECK(c.ended());
  CAF_CHECK_EQUAL(heads.size(), 1u); // bytes of the body are no request
  CAF_CHECK(requests.empty());
}

CAF_TEST(a refused request without a body leaves the connection open) {
  on_head = [](const request&) {
    return decision{response{404, "application/json", "{}"}};
  };
  start();
  const auto reply = exchange(std::string{get_b} + std::string{get_a});
  CAF_CHECK_EQUAL(heads.size(), 2u);
  CAF_CHECK(!reply.substr(0, reply.find("{}")).ends_with("close\r\n\r\n"));
}

CAF_TEST(nothing in a trailer counts) {
  start();
  exchange("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
           "Connection: close\r\n\r\n2\r\nab\r\n0\r\n"
           "Authorization: Bearer t\r\nHost: y\r\nX-Y: z\r\n\r\n");
  CAF_REQUIRE_EQUAL(requests.size(), 1u);
  CAF_CHECK_EQUAL(requests[0].authorization, "");
  CAF_CHECK_EQUAL(requests[0].host, "x");
  CAF_CHECK_EQUAL(requests[0].body, "ab");
}

CAF_TEST(a long text is written piece by piece) {
  auto text = std::make_shared<chunked_text>();
  std::string expected;
  for (int n = 0; n < 100'000; ++n)
    expected += std::to_string(n) + '\n';
  text->append(expected);
  handler = [&](const request&, responder respond) {
    response answer;
    answer.content_type = "text/plain";
    answer.text = text;
    respond(std::move(answer));
  };
  start();
  CAF_REQUIRE(text->at(1) != nullptr);
  const auto reply = exchange(std::string{get_b} + std::string{get_a});
  CAF_CHECK(has(reply, "\r\nContent-Length: " + std::to_string(expected.size())
                         + "\r\n"));
  CAF_CHECK(has(reply, "\r\nContent-Type: text/plain\r\n"));
  CAF_CHECK(reply.ends_with("\r\n\r\n" + expected));
  CAF_CHECK_EQUAL(requests.size(), 2u);
}

CAF_TEST(who reads too slowly loses a text that was withdrawn) {
  auto text = std::make_shared<chunked_text>();
  text->append(std::string(64 << 20, 'x'));
  handler = [&](const request&, responder respond) {
    response answer;
    answer.text = text;
    respond(std::move(answer));
  };
  start();
  auto c = connect();
  c.send(get_b);
  run_until([&] { return !requests.empty(); });
  loop.restart();
  loop.run_for(20ms);
  text->withdraw();
  const auto reply = c.read_all();
  CAF_CHECK(c.ended());
  CAF_CHECK(reply.size() < (64 << 20));
}

CAF_TEST(requests of one connection take turns with those of others) {
  start();
  auto greedy = connect();
  auto modest = connect();
  std::string many;
  for (int n = 0; n < 50; ++n)
    many += get_b;
  greedy.put(many);
  modest.put(get_a);
  run_until([&] { return requests.size() == 51; });
  const auto place =
    std::ranges::find(requests, "/a", &request::path) - requests.begin();
  CAF_CHECK(place < 49);
}

CAF_TEST(a body over the limit gets 413 even while it is being sent) {
  start();
  const std::string head = "PUT / HTTP/1.1\r\nHost: x\r\n";
  auto c = connect();
  c.send(head + "Content-Length: 1048577\r\n\r\n" + std::string(300'000, 'x'));
  CAF_CHECK(c.read_until("}").starts_with("HTTP/1.1 413 "));
  CAF_CHECK(requests.empty());
  exchange(head + "Content-Length: 1048576\r\nConnection: close\r\n\r\n"
           + std::string(1048576, 'x'));
  CAF_REQUIRE_EQUAL(requests.size(), 1u);
  CAF_CHECK_EQUAL(requests[0].body.size(), 1048576u);
}

CAF_TEST(a chunked body over the limit gets 413) {
  start();
  CAF_CHECK(exchange("PUT / HTTP/1.1\r\nHost: x\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n110000\r\n"
                     + std::string(0x110000, 'x') + "\r\n0\r\n\r\n")
              .starts_with("HTTP/1.1 413 "));
  CAF_CHECK(requests.empty());
}

CAF_TEST(a head over the limit gets 431) {
  start();
  CAF_CHECK(exchange("GET / HTTP/1.1\r\nHost: x\r\nX: "
                     + std::string(20'000, 'x') + "\r\n\r\n")
              .starts_with("HTTP/1.1 431 "));
}

CAF_TEST(a request that comes too slowly gets 408) {
  limits.timeout_request = 50ms;
  start();
  CAF_CHECK(exchange("GET / HT").starts_with("HTTP/1.1 408 "));
  CAF_CHECK(exchange("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
              .starts_with("HTTP/1.1 408 "));
}

CAF_TEST(idle connections are closed without a word) {
  limits.timeout_request = 30ms;
  limits.timeout_keep_alive = 60ms;
  start();
  CAF_CHECK_EQUAL(exchange(""), "");
  CAF_CHECK(exchange(get_b).ends_with("GET /b"));
}

CAF_TEST(a peer that does not read is dropped) {
  limits.timeout_write = 50ms;
  handler = [](const request&, responder respond) {
    respond({200, "text/plain", std::string(32 << 20, 'x')});
  };
  start();
  auto c = connect();
  c.send(get_b);
  loop.restart();
  loop.run_for(300ms);
  c.read_all();
  CAF_CHECK(c.ended());
}

CAF_TEST(over the limit of connections the longest idle one makes room) {
  limits.connections_max = 2;
  on_head = [](const request&) {
    decision result;
    result.trusted = true;
    return result;
  };
  std::vector<responder> waiting;
  handler = [&](const request&, responder x) {
    waiting.push_back(std::move(x));
  };
  start();
  auto idle = connect();
  auto busy = connect();
  busy.send(get_a);
  run_until([&] { return waiting.size() == 1; });
  auto third = connect();
  third.send(get_a);
  run_until([&] { return waiting.size() == 2; });
  CAF_CHECK_EQUAL(idle.read_all(), "");
  CAF_CHECK(idle.ended());
  // Those who have a right to be served stay.
  auto fourth = connect();
  fourth.read_all();
  CAF_CHECK(fourth.ended());
  waiting[0]({});
  CAF_CHECK(busy.read_all().starts_with("HTTP/1.1 200 "));
}

CAF_TEST(half a request holds no place for ever) {
  limits.connections_max = 4;
  start();
  std::vector<std::unique_ptr<client>> held;
  for (int n = 0; n < 8; ++n) {
    held.push_back(std::make_unique<client>(loop, server->local_endpoint()));
    held.back()->send("G");
  }
  for (int n = 0; n < 8; ++n)
    CAF_CHECK(has(exchange(get_a), " 200 OK\r\n"));
}

CAF_TEST(a stop lets the reply under way finish) {
  responder later;
  handler = [&](const request&, responder x) { later = std::move(x); };
  start();
  auto idle = connect();
  auto busy = connect();
  busy.send(get_b);
  run_until([&] { return bool{later}; });
  const auto address = server->local_endpoint();
  server->stop();
  idle.read_all();
  CAF_CHECK(idle.ended());
  later({200, "text/plain", "done"});
  const auto reply = busy.read_all();
  CAF_CHECK(busy.ended());
  CAF_CHECK(has(reply, "\r\nConnection: close\r\n") && has(reply, "done"));
  const auto again = listen(loop, address, [this](const request& x) {
    return decide(x);
  }); // free again
}

CAF_TEST(accepting goes on after descriptors have run out) {
  start();
  auto c = connect();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  c.send(get_a);
  loop.restart();
  const auto turns = loop.run_for(50ms);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CAF_CHECK(turns < 5);
  CAF_CHECK(requests.empty());
  CAF_CHECK(has(c.read_all(), " 200 OK\r\n"));
}

CAF_TEST(a Unix socket has its mode and names the user) {
  start("unix:" + socket_path());
  struct stat status {};
  CAF_REQUIRE_EQUAL(::stat(socket_path().c_str(), &status), 0);
  CAF_CHECK_EQUAL(status.st_mode & 0777, 0660u);
  CAF_CHECK(exchange(get_a).ends_with("GET /a"));
  CAF_CHECK(requests.at(0).local);
  CAF_CHECK_EQUAL(requests.at(0).peer, "uid " + std::to_string(::getuid()));
  CAF_CHECK_EQUAL(server->local_endpoint().to_string(),
                  "unix:" + socket_path());
  server.reset();
  CAF_CHECK(!fs::exists(socket_path()));
}

CAF_TEST(a stale Unix socket is replaced and a living one is not ) {
  start("unix:" + socket_path());
  const auto living = std::move(server);
  CAF_CHECK(refused("unix:" + socket_path()));
  fs::rename(socket_path(), socket_path() + ".old"); // so that it stays
  living->stop();
  fs::rename(socket_path() + ".old", socket_path());
  CAF_CHECK(fs::exists(socket_path()));
  start("unix:" + socket_path());
  CAF_CHECK(exchange(get_a).ends_with("GET /a"));
}

CAF_TEST(a file that is no socket is left alone) {
  std::ofstream{socket_path()} << "precious";
  CAF_CHECK(refused("unix:" + socket_path()));
  CAF_CHECK_EQUAL(fs::file_size(socket_path()), 8u);
}

CAF_TEST(an address in use is an error that names it) {
  start();
  const auto address = server->local_endpoint().to_string();
  const auto first = std::move(server);
  try {
    start(address);
    CAF_ERROR("no exception");
  } catch (const boost::system::system_error& e) {
    CAF_CHECK_EQUAL(e.code(), boost::system::errc::address_in_use);
    CAF_CHECK(has(e.what(), address));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
