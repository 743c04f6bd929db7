// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_request_reader
#include "caf_test.hpp"

#include "api/http/request_reader.hpp"

#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::admin;

namespace {

constexpr uint32_t head_max = 16'384;

struct fixture {
  using progress = request_reader::progress;

  fixture() { reader.begin(); }

  progress head(std::string_view bytes) {
    reader.add(bytes);
    return reader.read_head(head_max, *scratch);
  }

  /// The status a request is refused with; 0: its head is fine.
  unsigned refused(std::string_view text) {
    reader = {};
    reader.begin();
    return head(text) == progress::bad ? reader.why().status : 0;
  }

  unsigned refused_with(const std::string& fields) {
    return refused("POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
  }

  std::unique_ptr<net::http1::request_head> scratch =
    std::make_unique<net::http1::request_head>();
  request_reader reader;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(request_reader_tests, fixture)

CAF_TEST(requests follow each other) {
  CAF_CHECK(head("POST /a?b HTTP/1.1\r\nHost: x:1\r\nContent-Length: 3\r\n"
                 "Accept: y\r\nLast-Event-ID: 7\r\n\r\nabcGET /c HTTP/1.1"
                 "\r\nHost: x\r\n\r\n")
            == progress::done);
  CAF_CHECK(reader.announces_body());
  CAF_CHECK(reader.read_body(3) == progress::done);
  const auto& x = reader.asked();
  CAF_CHECK_EQUAL(x.method, "POST");
  CAF_CHECK_EQUAL(x.path, "/a");
  CAF_CHECK_EQUAL(x.query, "b");
  CAF_CHECK_EQUAL(x.host, "x:1");
  CAF_CHECK_EQUAL(x.accept, "y");
  CAF_CHECK_EQUAL(x.last_event_id, "7");
  CAF_CHECK_EQUAL(x.body, "abc");
  CAF_CHECK(reader.has_unread());
  reader.begin();
  CAF_CHECK(head("") == progress::done);
  CAF_CHECK_EQUAL(reader.asked().path, "/c");
  CAF_CHECK(!reader.announces_body());
  CAF_CHECK(!reader.has_unread());
}

CAF_TEST(an absolute target is taken apart) {
  CAF_CHECK(head("GET http://x/a?b HTTP/1.1\r\nHost: x\r\n\r\n")
            == progress::done);
  CAF_CHECK_EQUAL(reader.asked().path, "/a");
}

CAF_TEST(framing that another program could read differently is refused) {
  for (const auto* fields :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n", "Content-Length: 4, 4\r\n",
        "Content-Length:\r\n 4\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n", "Content-Length: +4\r\n",
        "Content-Length: 0x4\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "X : y\r\n",
        "X: y\r\n z\r\n", "Host: y\r\n",
        "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"})
    CAF_CHECK_EQUAL(refused_with(fields), 400u);
  CAF_CHECK_EQUAL(
    refused("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(refused("GET / HTTP/1.1\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(refused("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505u);
  CAF_CHECK_EQUAL(refused("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"), 501u);
  CAF_CHECK_EQUAL(refused("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(refused("GET /\x9b HTTP/1.1\r\nHost: x\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(refused_with("X: " + std::string(head_max, 'x') + "\r\n"),
                  431u);
  CAF_CHECK_EQUAL(refused_with("X: y\r\n"), 0u);
}

CAF_TEST(a head may come byte by byte and is not parsed with each) {
  const std::string text =
    "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(5'000, 'x') + "\r\n\r\n";
  for (const char c : text.substr(0, text.size() - 1))
    CAF_REQUIRE(head({&c, 1}) == progress::more);
  CAF_CHECK(head("\n") == progress::done);
  // What cannot become a request is refused once it is long enough to look at.
  reader = {};
  reader.begin();
  CAF_CHECK(head("G") == progress::more);
  CAF_CHECK(head(std::string(600, '\x01')) == progress::bad);
}

CAF_TEST(a length over the limit is refused before a byte of it) {
  head("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
  CAF_CHECK(reader.read_body(10) == progress::bad);
  CAF_CHECK_EQUAL(reader.why().status, 413u);
}

CAF_TEST(chunks are put together and their trailers forgotten) {
  head("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string text =
    "3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nAuthorization: Bearer t\r\n\r\nGET";
  for (size_t n = 0; n < text.size() - 4; ++n) {
    reader.add({&text[n], 1});
    CAF_REQUIRE(reader.read_body(4) == progress::more);
  }
  reader.add(text.substr(text.size() - 4));
  CAF_CHECK(reader.read_body(4) == progress::done);
  CAF_CHECK_EQUAL(reader.asked().body, "abcd");
  CAF_CHECK_EQUAL(reader.asked().authorization, "");
  CAF_CHECK(reader.has_unread());
}

CAF_TEST(malformed chunks and too many of them are refused) {
  const std::string start =
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  head(start + "zz\r\n");
  CAF_CHECK(reader.read_body(10) == progress::bad);
  CAF_CHECK_EQUAL(reader.why().status, 400u);
  reader = {};
  reader.begin();
  head(start + "b\r\n01234567890\r\n0\r\n\r\n");
  CAF_CHECK(reader.read_body(10) == progress::bad);
  CAF_CHECK_EQUAL(reader.why().status, 413u);
}

CAF_TEST(who waits for 100 is told once and only without a body) {
  const std::string text = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                           "Expect: 100-continue\r\n\r\n";
  head(text);
  CAF_CHECK(reader.read_body(2) == progress::more);
  CAF_CHECK(reader.take_expectation());
  CAF_CHECK(!reader.take_expectation());
  reader = {};
  reader.begin();
  head(text + "a");
  CAF_CHECK(reader.read_body(2) == progress::more);
  CAF_CHECK(!reader.take_expectation());
}

CAF_TEST(HTTP 1.0 is not kept alive) {
  head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CAF_CHECK(!reader.keeps_alive());
  CAF_CHECK_EQUAL(reader.asked().host, "");
}

CAF_TEST_FIXTURE_SCOPE_END()
