// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_forward
#include "caf_test.hpp"

#include "net/http1/forward.hpp"

#include <memory>

using namespace troupe;
using namespace troupe::net::http1;

namespace {

struct fixture {
  http_settings settings;
  endpoint peer = *endpoint::parse("192.0.2.1:999");
  forward_context context{"192.0.2.1", false, "http", "id-1"};
  uint32_t dropped = 0;
  response_context towards_client;
  std::string received; // the head's views point into it
  std::unique_ptr<request_head> request = std::make_unique<request_head>();
  std::unique_ptr<response_head> response = std::make_unique<response_head>();

  /// The head as it goes to the server.
  std::string sent(std::string bytes) {
    received = std::move(bytes);
    CAF_REQUIRE(parse_request(received, {}, *request) == parse_status::done);
    const forward_rules rules{settings};
    context.trusted = network_list{settings.trusted_proxies}.contains(peer);
    std::string out(request_size_max(*request, rules, context), '\0');
    dropped = 0;
    out.resize(write_request(*request, rules, context, out, &dropped));
    return out;
  }

  std::string get(const std::string& lines) {
    return sent("GET / HTTP/1.1\r\nHost: t.example\r\n" + lines + "\r\n");
  }

  /// The head as it goes to the client.
  std::string answered(const std::string& bytes, bool head_only = false) {
    CAF_REQUIRE(parse_response(bytes, {}, head_only, *response)
                == parse_status::done);
    const forward_rules rules{settings};
    std::string out(response_size_max(*response, rules, towards_client), '\0');
    out.resize(write_response(*response, rules, towards_client, out));
    return out;
  }

  std::string ok(const std::string& lines) {
    return answered("HTTP/1.1 200 OK\r\n" + lines + "\r\n");
  }
};

bool has(const std::string& head, const std::string& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

bool mentions(const std::string& head, std::string_view text) {
  return head.find(text) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(http1_forward_tests, fixture)

CAF_TEST(a plain request gains the forwarding fields) {
  CAF_CHECK_EQUAL(sent("GET /a?b HTTP/1.1\r\nX-A:1\r\nhost:t.example\r\n\r\n"),
                  "GET /a?b HTTP/1.1\r\n"
                  "Host: t.example\r\n"
                  "X-A: 1\r\n"
                  "X-Forwarded-For: 192.0.2.1\r\n"
                  "X-Forwarded-Proto: http\r\n"
                  "X-Forwarded-Host: t.example\r\n"
                  "Via: 1.1 troupe\r\n"
                  "X-Request-Id: id-1\r\n"
                  "\r\n");
}

CAF_TEST(an absolute target goes on in origin form) {
  const auto out =
    sent("GET http://t.example/x HTTP/1.1\r\nHost: t.example\r\n\r\n");
  CAF_CHECK(out.starts_with("GET /x HTTP/1.1\r\nHost: t.example\r\n"));
}

CAF_TEST(an old client is spoken for in HTTP 1 1) {
  const auto out = sent("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CAF_CHECK(out.starts_with("GET / HTTP/1.1\r\nHost: localhost\r\n"));
  CAF_CHECK(has(out, "Via: 1.0 troupe"));
  CAF_CHECK(!mentions(out, "X-Forwarded-Host"));
  CAF_CHECK(!mentions(out, "onnection"));
}

CAF_TEST(an unknown client cannot speak of others) {
  const auto out =
    get("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: evil\r\nx_forwarded_for: 6.6.6.6\r\n"
        "Connection: X-Forwarded-For, X-Real-IP\r\n"
        "X-Real-IP: 6.6.6.6\r\n");
  CAF_CHECK(!mentions(out, "6.6.6.6"));
  CAF_CHECK(!mentions(out, "evil"));
  CAF_CHECK(has(out, "X-Forwarded-For: 192.0.2.1"));
  CAF_CHECK(has(out, "X-Forwarded-Proto: http"));
  CAF_CHECK(has(out, "X-Real-IP: 192.0.2.1"));
  CAF_CHECK(!mentions(get(""), "X-Real-IP"));
  const auto others =
    get("Forwarded: for=6.6.6.6\r\nX-Forwarded-Port: 6\r\n"
        "x-forwarded-server: evil\r\nX-Forwarded-Anything-Else: evil\r\n");
  CAF_CHECK_EQUAL(others, get(""));
}

CAF_TEST(what a trusted proxy passes on of others stays) {
  settings.trusted_proxies = {"192.0.2.0/24"};
  const auto out = get("Forwarded: for=10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\n"
                       "X-Forwarded-Port: 443\r\nX-Forwarded-Server: a\r\n");
  for (const char* line : {"Forwarded: for=10.0.0.1", "X-Real-IP: 10.0.0.1",
                           "X-Forwarded-Port: 443", "X-Forwarded-Server: a"})
    if (!has(out, line))
      CAF_ERROR(line);
}

CAF_TEST(of several values for one thing the nearest proxy has the last word) {
  settings.trusted_proxies = {"192.0.2.0/24"};
  const auto out = get("X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a, b\r\n"
                       "X-Forwarded-Proto: ftp , https,\r\n"
                       "X-Forwarded-Host: c ,d\r\nX-Forwarded-Port: 1\r\n"
                       "X-Forwarded-Port: 443\r\nX-Real-IP: 6.6.6.6\r\n"
                       "X-Real-IP: 10.0.0.1\r\nX-Forwarded-Host:\r\n");
  const auto count = [&](std::string_view name) {
    size_t found = 0;
    for (auto at = out.find(name); at != out.npos; at = out.find(name, at + 1))
      ++found;
    return found;
  };
  for (const char* line : {"X-Forwarded-Proto: https", "X-Forwarded-Host: d",
                           "X-Forwarded-Port: 443", "X-Real-IP: 10.0.0.1"}) {
    const std::string_view text{line};
    if (!has(out, line) || count(text.substr(0, text.find(' '))) != 1)
      CAF_ERROR(line);
  }
  CAF_CHECK(has(get("X-Forwarded-Proto:\r\nX-Forwarded-Host: ,\r\n"),
                "X-Forwarded-Proto: http"));
}

CAF_TEST(names that pass for others are dropped whatever is configured) {
  settings.request_headers.set = {{"X-Tenant", "1"}, {"X_User", "2"}};
  settings.request_headers.remove = {"X-Debug"};
  for (const auto policy : {underscores::pass, underscores::drop}) {
    settings.underscores = policy;
    for (const char* name : {"Content_Length",
                             "content.length",
                             "Transfer_Encoding",
                             "Transfer~Encoding",
                             "Keep_Alive",
                             "Proxy_Connection",
                             "HTTP2_Settings",
                             "X_Real_IP",
                             "X_Real-IP",
                             "X.Request.Id",
                             "X_Forwarded_For",
                             "X-Forwarded_Proto",
                             "x_forwarded-host",
                             "X_Forwarded_Anything",
                             "X-Forwarded|For",
                             "X_Tenant",
                             "x.tenant",
                             "X-User",
                             "X!User",
                             "X_Debug"}) {
      const auto out = get(std::string{name} + ": 6\r\n");
      if (mentions(out, ": 6\r\n") || dropped != 1)
        CAF_ERROR(name);
    }
  }
  for (const auto& trusted : {"192.0.2.0/24", "10.0.0.0/8"}) {
    settings.trusted_proxies = {trusted};
    CAF_CHECK(!mentions(get("X-Forwarded_For: 6\r\nX_Real_IP: 6\r\n"), "6\r"));
  }
  CAF_CHECK(mentions(get("X-Tenants: 6\r\n"), "X-Tenants: 6"));
  CAF_CHECK(mentions(get("X.Forward: 6\r\n"), "X.Forward: 6"));
}

CAF_TEST(other names with an underscore pass unless they are to be dropped) {
  const std::string lines = "X_Y: 1\r\nuser_agent: a\r\n";
  const auto passed = get(lines);
  CAF_CHECK(has(passed, "X_Y: 1"));
  CAF_CHECK(has(passed, "user_agent: a"));
  CAF_CHECK_EQUAL(dropped, 0u);
  settings.underscores = underscores::drop;
  CAF_CHECK_EQUAL(get(lines), get(""));
  get(lines);
  CAF_CHECK_EQUAL(dropped, 2u);
}

CAF_TEST(a query without a path gets one) {
  CAF_CHECK(sent("GET http://t.example?a=b HTTP/1.1\r\nHost: t.example\r\n\r\n")
              .starts_with("GET /?a=b HTTP/1.1\r\nHost: t.example\r\n"));
}

CAF_TEST(a trusted proxy is believed and added to) {
  settings.trusted_proxies = {"192.0.2.0/24"};
  const auto out =
    get("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2, "
        "10.0.0.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\n");
  CAF_CHECK(has(out, "X-Forwarded-For: 10.0.0.1, 10.0.0.2, 10.0.0.3, "
                     "192.0.2.1"));
  CAF_CHECK(has(out, "X-Forwarded-Proto: https"));
  CAF_CHECK(has(out, "X-Forwarded-Host: a"));
  CAF_CHECK(!mentions(out, "X-Forwarded-Host: t.example"));
  CAF_CHECK(has(get(""), "X-Forwarded-Proto: http"));
}

CAF_TEST(Via grows by this hop) {
  CAF_CHECK(
    has(get("Via: 1.0 a\r\nVia: 1.1 b\r\n"), "Via: 1.0 a, 1.1 b, 1.1 troupe"));
}

CAF_TEST(a usable request id is kept and another one replaced) {
  CAF_CHECK(has(get("X-Request-Id: abc\r\n"), "X-Request-Id: abc"));
  for (const auto& id : {std::string{"a b"}, std::string{},
                         std::string(129, 'x'), std::string{"\xc3\xa9"}})
    CAF_CHECK(has(get("X-Request-Id: " + id + "\r\n"), "X-Request-Id: id-1"));
  CAF_CHECK_EQUAL(effective_request_id(*request, "id-2"), "id-2");
  context.request_id = {};
  CAF_CHECK(!mentions(get(""), "X-Request-Id"));
}

CAF_TEST(hop by hop fields stay behind) {
  const auto out =
    get("Connection: close, X-Foo\r\nX-Foo: secret\r\nKeep-Alive: 5\r\n"
        "Proxy-Connection: keep-alive\r\nTE: trailers, gzip\r\n"
        "Upgrade: websocket\r\nHTTP2-Settings: x\r\n"
        "Trailer: X-Sum\r\n");
  for (const char* name :
       {"Connection", "X-Foo", "Keep-Alive", "TE:", "Upgrade", "HTTP2"})
    if (mentions(out, name))
      CAF_ERROR(name);
  CAF_CHECK(has(out, "Trailer: X-Sum"));
}

CAF_TEST(framing is written anew and once) {
  CAF_CHECK(has(get("content-length: 007 \r\nConnection: Content-Length\r\n"),
                "Content-Length: 7"));
  CAF_CHECK(has(get("Content-Length: 0\r\n"), "Content-Length: 0"));
  const auto out =
    get("transfer-encoding:\tChunked\r\nConnection: Transfer-Encoding\r\n");
  CAF_CHECK(has(out, "Transfer-Encoding: chunked"));
  CAF_CHECK(!mentions(out, "transfer-encoding"));
}

CAF_TEST(an upgrade goes on and h2c does not ) {
  const auto out = get("Connection: Upgrade, X-A\r\nUpgrade: websocket\r\n"
                       "X-A: 1\r\nSec-WebSocket-Key: k\r\n");
  CAF_CHECK(has(out, "Upgrade: websocket"));
  CAF_CHECK(has(out, "Connection: upgrade"));
  CAF_CHECK(has(out, "Sec-WebSocket-Key: k"));
  CAF_CHECK(!mentions(out, "X-A"));
  const auto h2c = get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                       "HTTP2-Settings: AAMA\r\n");
  CAF_CHECK(!mentions(h2c, "h2c"));
  CAF_CHECK(!mentions(h2c, "HTTP2-Settings"));
  CAF_CHECK(!mentions(h2c, "Connection"));
}

CAF_TEST(an expectation goes on only while somebody waits) {
  CAF_CHECK(has(get("Expect: 100-continue\r\nContent-Length: 1\r\n"),
                "Expect: 100-continue"));
  CAF_CHECK(!mentions(get("Expect: 100-continue\r\n"), "Expect"));
}

CAF_TEST(header rules have the last word but for framing) {
  settings.request_headers.set = {{"x-forwarded-proto", "https"},
                                  {"X-New", " v "},
                                  {"Host", "inner"},
                                  {"Content-Length", "9"},
                                  {"Bad Name", "v"},
                                  {"X-Inj", "a\r\nb"},
                                  {"X-Twice", "1"},
                                  {"x-twice", "2"}};
  settings.request_headers.remove = {"Cookie", "VIA", "Connection",
                                     "transfer-encoding"};
  const auto out = get("COOKIE: a\r\nX-NEW: old\r\nContent-Length: 1\r\n");
  CAF_CHECK(out.starts_with("GET / HTTP/1.1\r\nHost: inner\r\n"));
  CAF_CHECK(has(out, "x-forwarded-proto: https"));
  CAF_CHECK(has(out, "X-New: v"));
  CAF_CHECK(has(out, "Content-Length: 1"));
  CAF_CHECK(has(out, "x-twice: 2"));
  for (const char* text :
       {"Cookie", "COOKIE", "Via", "old", "X-Forwarded-Proto", "Length: 9",
        "Bad", "X-Inj", "X-Twice", "\r\nHost: t."})
    if (mentions(out, text))
      CAF_ERROR(text);
  CAF_CHECK(
    has(get("Transfer-Encoding: chunked\r\n"), "Transfer-Encoding: chunked"));
}

CAF_TEST(the size bound holds for the tightest heads) {
  settings.trusted_proxies = {"192.0.2.1"};
  settings.request_headers.set = {{"A", ""}, {"B", std::string(300, 'b')}};
  std::string lines;
  for (int i = 0; i < 30; ++i)
    lines += "X-Forwarded-For:1\r\nVia:1\r\na:\r\n";
  get(lines); // the writer asserts that it stays within the bound
  const std::string host(200, 'h');
  sent("OPTIONS http://" + host + " HTTP/1.1\r\nHost:" + host + "\r\n\r\n");
  sent("A / HTTP/1.0\r\n\r\n");
}

CAF_TEST(a response loses what belongs to its connection) {
  const auto out =
    ok("Connection: close, X-Foo\r\nX-Foo: 1\r\nKeep-Alive: 5\r\n"
       "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 05\r\nX_Y: 1\r\n");
  CAF_CHECK_EQUAL(out, "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
                       "X_Y: 1\r\nContent-Length: 5\r\n\r\n");
}

CAF_TEST(the client is told what becomes of its connection) {
  towards_client = {.close = true};
  CAF_CHECK(has(ok("Content-Length: 0\r\n"), "Connection: close"));
  towards_client = {.keep_alive = true};
  CAF_CHECK(has(ok("Content-Length: 0\r\n"), "Connection: keep-alive"));
  towards_client = {.close = true, .drop_transfer_encoding = true};
  CAF_CHECK_EQUAL(ok("Transfer-Encoding: chunked\r\n"),
                  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

CAF_TEST(lengths are told without a body where they may be) {
  const std::string length = "Content-Length: 5\r\n\r\n";
  CAF_CHECK(
    has(answered("HTTP/1.1 200 OK\r\n" + length, true), "Content-Length: 5"));
  CAF_CHECK(has(answered("HTTP/1.1 304 X\r\n" + length), "Content-Length: 5"));
  CAF_CHECK(!mentions(answered("HTTP/1.1 204 X\r\n" + length), "Length"));
  CAF_CHECK(
    !mentions(answered("HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n"),
              "Transfer"));
}

CAF_TEST(response rules apply to final responses only) {
  settings.response_headers.set = {{"X-New", "1"}};
  settings.response_headers.remove = {"Server"};
  CAF_CHECK_EQUAL(ok("Server: x\r\nContent-Length: 0\r\n"),
                  "HTTP/1.1 200 OK\r\nX-New: 1\r\nContent-Length: 0\r\n\r\n");
  CAF_CHECK_EQUAL(answered("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
                  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

CAF_TEST(a switch of protocols keeps its fields) {
  towards_client = {.upgrade = true};
  CAF_CHECK_EQUAL(
    answered("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n"
             "upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"),
    "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n"
    "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n");
}

CAF_TEST(a 426 says which protocol it wants and no other status does) {
  const std::string fields =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n";
  const std::string status = "HTTP/1.1 426 Upgrade Required\r\n";
  const std::string kept =
    status + "Content-Length: 0\r\nUpgrade: websocket\r\n";
  CAF_CHECK_EQUAL(answered(status + fields),
                  kept + "Connection: upgrade\r\n\r\n");
  towards_client = {.close = true};
  CAF_CHECK_EQUAL(answered(status + fields),
                  kept + "Connection: close, upgrade\r\n\r\n");
  towards_client = {};
  CAF_CHECK_EQUAL(ok("Upgrade: h2,h2c\r\nConnection: Upgrade\r\n"
                     "Content-Length: 0\r\n"),
                  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
