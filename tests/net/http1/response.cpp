// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_response
#include "caf_test.hpp"

#include "net/http1/head.hpp"

#include <memory>
#include <string>

using namespace troupe::net::http1;

namespace {

struct fixture {
  std::unique_ptr<response_head> head = std::make_unique<response_head>();
  head_limits limits;
  std::string bytes;

  parse_status parse(std::string text, bool request_is_head = false) {
    bytes = std::move(text);
    return parse_response(bytes, limits, request_is_head, *head);
  }

  /// A 200 over HTTP/1.1 with these lines.
  bool accepts(const std::string& lines) {
    return parse("HTTP/1.1 200 OK\r\n" + lines + "\r\n") == parse_status::done;
  }

  bool refuses(const std::string& lines) {
    return parse("HTTP/1.1 200 OK\r\n" + lines + "\r\n") == parse_status::bad
        && !head->error_detail.empty();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http1_response_tests, fixture)

CAF_TEST(a response is taken apart) {
  CAF_REQUIRE(accepts("Content-Length: 5\r\nSet-Cookie: a\r\n"));
  CAF_CHECK_EQUAL(head->status, 200u);
  CAF_CHECK_EQUAL(head->reason, "OK");
  CAF_CHECK(head->body == framing::length);
  CAF_CHECK_EQUAL(head->content_length, 5u);
  CAF_CHECK(head->keep_alive);
  CAF_CHECK(head->verbatim);
  CAF_CHECK_EQUAL(head->size, bytes.size());
}

CAF_TEST(every cut of a good head asks for more) {
  for (const std::string whole :
       {"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", "HTTP/1.1 200\r\nX: y\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n"}) {
    for (size_t size = 0; size < whole.size(); ++size)
      if (parse(whole.substr(0, size)) != parse_status::need_more)
        CAF_ERROR(whole.substr(0, size));
    CAF_CHECK(parse(whole + "body") == parse_status::done);
    CAF_CHECK_EQUAL(head->size, whole.size());
  }
}

CAF_TEST(a status line without a reason is understood and not copied) {
  CAF_REQUIRE(parse("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n")
              == parse_status::done);
  CAF_CHECK(head->reason.empty());
  CAF_REQUIRE(parse("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n")
              == parse_status::done);
  CAF_CHECK_EQUAL(head->status, 404u);
  CAF_CHECK(head->reason.empty());
  CAF_CHECK(!head->verbatim);
}

CAF_TEST(status lines of other kinds are refused) {
  for (const char* line :
       {"HTTP/1.1 099 X", "HTTP/1.1 600 X", "HTTP/1.1 1000 X", "HTTP/1.1 20x X",
        "HTTP/1.1 20 X", "HTTP/2.0 200 OK", "HTTP/1.10 200 OK", "ICY 200 OK",
        "http/1.1 200 OK", "<html>", "HTTP/1.1  200 OK", "HTTP/1.1 200 a\rb",
        "HTTP/1.1 200 \x01", "\r\nHTTP/1.1 200 OK", "HTTP/1.1 20x"})
    if (parse(std::string{line} + "\r\n\r\n") != parse_status::bad)
      CAF_ERROR(line);
}

CAF_TEST(framing that can be read twice is refused) {
  for (const char* lines :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n", "Content-Length: -1\r\n",
        "Content-Length: \r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "X: a\r\n b\r\n", "X : a\r\n", "garbage\r\n", ": x\r\n", "X: a\rb\r\n"})
    if (!refuses(lines))
      CAF_ERROR(lines);
  CAF_CHECK(parse("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            == parse_status::bad);
  CAF_CHECK(accepts("Content-Length: 5\r\nContent-Length: 5\r\n"));
  CAF_CHECK(!head->verbatim);
}

CAF_TEST(some responses never have a body) {
  for (const char* line :
       {"204 No Content", "304 Not Modified", "100 Continue"}) {
    CAF_CHECK(parse("HTTP/1.1 " + std::string{line} + "\r\n\r\n")
              == parse_status::done);
    CAF_CHECK(head->body == framing::none);
    CAF_CHECK(head->keep_alive);
  }
  CAF_CHECK(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true)
            == parse_status::done);
  CAF_CHECK(head->body == framing::none);
  CAF_CHECK_EQUAL(head->content_length, 5u);
  CAF_CHECK(parse("HTTP/1.1 200 OK\r\n\r\n", true) == parse_status::done);
  CAF_CHECK(head->body == framing::none);
  CAF_CHECK(head->keep_alive);
}

CAF_TEST(a 204 that announces a body loses its connection) {
  for (const char* line : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    CAF_CHECK(parse("HTTP/1.1 204 X\r\n" + std::string{line} + "\r\n\r\n")
              == parse_status::done);
    CAF_CHECK(head->body == framing::none);
    CAF_CHECK(!head->keep_alive);
    CAF_CHECK(!head->verbatim);
  }
}

CAF_TEST(without framing the body ends with the connection) {
  CAF_CHECK(accepts(""));
  CAF_CHECK(head->body == framing::until_close);
  CAF_CHECK(!head->keep_alive);
}

CAF_TEST(the wish of a server to stay follows its version) {
  CAF_CHECK(accepts("Connection: close\r\nContent-Length: 0\r\n"));
  CAF_CHECK(!head->keep_alive);
  CAF_CHECK(!head->verbatim);
  CAF_CHECK(parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            == parse_status::done);
  CAF_CHECK(!head->keep_alive);
  CAF_CHECK(!head->verbatim);
  CAF_CHECK(parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n"
                  "Connection: keep-alive\r\n\r\n")
            == parse_status::done);
  CAF_CHECK(head->keep_alive);
}

CAF_TEST(only heads with nothing to change are verbatim) {
  CAF_CHECK(accepts("Transfer-Encoding: chunked\r\nX: y\r\n"));
  CAF_CHECK(head->verbatim);
  for (const char* lines :
       {"Keep-Alive: 5\r\n", "Upgrade: x\r\n", "Connection: X-A\r\nX-A: 1\r\n",
        "Content-Length: 05\r\n", "Transfer-Encoding: CHUNKED\r\n"})
    if (!accepts(lines) || head->verbatim)
      CAF_ERROR(lines);
}

CAF_TEST(a switch of protocols ends HTTP on the connection) {
  CAF_CHECK(parse("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\n\r\n")
            == parse_status::done);
  CAF_CHECK(head->upgrade);
  CAF_CHECK(!head->keep_alive);
  CAF_CHECK(head->body == framing::none);
}

CAF_TEST(junk that ends in a CR is no beginning of a response) {
  const std::string junk{"HTT\xb2P/\v\0\0\0\0\0\r", 13};
  CAF_CHECK(parse(junk.substr(0, 12)) == parse_status::bad);
  CAF_CHECK(parse(junk) == parse_status::bad);
  CAF_CHECK(parse("HTTP/1.1 200\r") == parse_status::need_more);
  CAF_CHECK(parse("HTTP/1.1 200\r\n\r\n") == parse_status::done);
}

CAF_TEST(limits are exact) {
  limits.fields_max = 1;
  CAF_CHECK(accepts("A: 1\r\n"));
  CAF_CHECK(refuses("A: 1\r\nB: 2\r\n"));
  limits = {};
  const std::string whole = "HTTP/1.1 200 OK\r\n\r\n";
  limits.bytes_max = static_cast<uint32_t>(whole.size());
  CAF_CHECK(parse(whole) == parse_status::done);
  --limits.bytes_max;
  CAF_CHECK(parse(whole) == parse_status::bad);
}

CAF_TEST_FIXTURE_SCOPE_END()
