// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_request
#include "caf_test.hpp"

#include "net/http1/head.hpp"

#include <memory>
#include <string>

using namespace troupe::net::http1;

namespace {

struct fixture {
  std::unique_ptr<request_head> head = std::make_unique<request_head>();
  head_limits limits;
  std::string bytes; // the head's views point into it

  parse_status parse(std::string text) {
    bytes = std::move(text);
    return parse_request(bytes, limits, *head);
  }

  /// A GET over HTTP/1.1 with a Host and these lines.
  parse_status get(const std::string& lines) {
    return parse("GET / HTTP/1.1\r\nHost: t.example\r\n" + lines + "\r\n");
  }

  bool accepts(const std::string& text) {
    return parse(text) == parse_status::done;
  }

  bool refuses(const std::string& text,
               head_error error = head_error::bad_request) {
    return parse(text) == parse_status::bad && head->error == error
        && !head->error_detail.empty();
  }

  bool get_refuses(const std::string& lines) {
    return get(lines) == parse_status::bad
        && head->error == head_error::bad_request;
  }

  const field& named(std::string_view name) {
    for (const auto& line : head->all())
      if (line.name == name)
        return line;
    CAF_FAIL("no such field: " + std::string{name});
  }
};

std::string with_host(const std::string& host) {
  return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

std::string with_target(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: t.example\r\n\r\n";
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(http1_request_tests, fixture)

CAF_TEST(a request is taken apart without copying) {
  CAF_REQUIRE(accepts("PUT /a?b=c HTTP/1.1\r\nhOsT:t.example:80\r\nX-A: \t1 2 "
                      "\t\r\nContent-Length: 7\r\n\r\nbody---"));
  CAF_CHECK_EQUAL(head->method, "PUT");
  CAF_CHECK_EQUAL(head->target, "/a?b=c");
  CAF_CHECK_EQUAL(head->path, "/a?b=c");
  CAF_CHECK_EQUAL(head->host, "t.example:80");
  CAF_CHECK_EQUAL(head->version_minor, 1u);
  CAF_CHECK(head->body == framing::length);
  CAF_CHECK_EQUAL(head->content_length, 7u);
  CAF_CHECK(head->keep_alive);
  CAF_CHECK(head->idempotent);
  CAF_CHECK_EQUAL(head->size, bytes.size() - 7);
  CAF_REQUIRE_EQUAL(head->field_count, 3u);
  CAF_CHECK_EQUAL(head->fields[1].value, "1 2");
  CAF_CHECK(head->fields[0].known == known_field::host);
  CAF_CHECK(head->host.data() > bytes.data()
            && head->host.data() < bytes.data() + bytes.size());
}

CAF_TEST(a head that is reused forgets the request before) {
  CAF_REQUIRE(get("Content-Length: 5\r\nConnection: close, X-A\r\nX-A: 1\r\n")
              == parse_status::done);
  CAF_CHECK(!head->keep_alive);
  CAF_REQUIRE(get("X-A: 1\r\n") == parse_status::done);
  CAF_CHECK(head->keep_alive);
  CAF_CHECK(head->body == framing::none);
  CAF_CHECK_EQUAL(head->content_length, 0u);
  CAF_CHECK(!named("X-A").hop_by_hop);
}

CAF_TEST(every cut of a good head asks for more) {
  const std::string whole =
    "\r\n\r\nGET / HTTP/1.1\r\nHost: t.example\r\nX: y\r\n\r\n";
  for (size_t size = 0; size < whole.size(); ++size)
    if (parse(whole.substr(0, size)) != parse_status::need_more)
      CAF_ERROR("cut at " + std::to_string(size));
  CAF_CHECK(accepts(whole));
  CAF_CHECK_EQUAL(head->size, whole.size());
}

CAF_TEST(two empty lines may come first and three may not ) {
  const auto good = with_host("t.example");
  CAF_CHECK(accepts("\r\n\r\n" + good));
  CAF_CHECK(refuses("\r\n\r\n\r\n" + good));
  CAF_CHECK(refuses("\n" + good));
}

CAF_TEST(lengths that others read otherwise are refused) {
  for (const char* value :
       {"", "+5", "-0", "0x5", "5,5", "5, 5", "1_0", "5x", "1 0", "5e0", "5,",
        "18446744073709551621", "9223372036854775808", "000000000000000000005"})
    if (!get_refuses("Content-Length: " + std::string{value} + "\r\n"))
      CAF_ERROR(value);
  CAF_CHECK(get_refuses("Content-Length: 5\r\nContent-Length: 5\r\n"));
  CAF_CHECK(get("Content-Length: 010\r\n") == parse_status::done);
  CAF_CHECK_EQUAL(head->content_length, 10u);
  CAF_CHECK(get("Content-Length: 9223372036854775807\r\n")
            == parse_status::done);
}

CAF_TEST(the only coding is one chunked in HTTP 1 1) {
  CAF_CHECK(get("Transfer-Encoding: Chunked\r\n") == parse_status::done);
  CAF_CHECK(head->body == framing::chunked);
  for (const char* value :
       {"", "gzip", "gzip, chunked", "chunked, chunked", ",chunked", "chunked,",
        "xchunked", "identity", "chunked;q=1", "\"chunked\""})
    if (!get_refuses("Transfer-Encoding: " + std::string{value} + "\r\n"))
      CAF_ERROR(value);
  CAF_CHECK(get_refuses("Transfer-Encoding: chunked\r\n"
                        "Transfer-Encoding: chunked\r\n"));
  CAF_CHECK(get_refuses("Transfer-Encoding: chunked\r\n"
                        "Content-Length: 5\r\n"));
  CAF_CHECK(get_refuses("Content-Length: 5\r\n"
                        "Transfer-Encoding: chunked\r\n"));
  CAF_CHECK(refuses("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

CAF_TEST(bytes that hide lines are refused) {
  for (const std::string lines :
       {"X: a\rb\r\n", "X: a\nY: b\r\n", "X: a\r\n b\r\n", "X: a\r\n\tb\r\n",
        "X:\r\n b\r\n", "X: a\r\n \r\n", "X:\r\n \r\n", "X : a\r\n", ": a\r\n",
        " X: a\r\n", "no colon\r\n", "X\x01: a\r\n", "X: \x7f\r\n",
        "X\xef: a\r\n", "X\t: a\r\n", "X: \x0b\r\n"})
    if (!get_refuses(lines))
      CAF_ERROR(lines);
  CAF_CHECK(get_refuses(std::string{"X: a\0b\r\n", 8}));
  CAF_CHECK(get("X: caf\xc3\xa9\r\n") == parse_status::done);
}

CAF_TEST(a host is one name or address with a port) {
  for (const char* host : {"t.example", "t.example:80", "127.0.0.1", "[::1]",
                           "[2001:db8::7]:8080", "a-b_c", "t.example:"})
    if (!accepts(with_host(host)))
      CAF_ERROR(host);
  for (const char* host :
       {"", "a,b", "u@t.example", "a b", "a/b", "a\\b", "[::1", "::1", "[]",
        "[::1]x", "[::g]", "a:99999", "a:8x", "a:-1", ":80", "a:1:2", "a?b",
        "caf\xc3\xa9", "[::1%25lo]"})
    if (!refuses(with_host(host)))
      CAF_ERROR(host);
  CAF_CHECK(refuses("GET / HTTP/1.1\r\n\r\n"));
  CAF_CHECK(get_refuses("Host: t.example\r\n"));
  CAF_CHECK(accepts("GET / HTTP/1.0\r\n\r\n"));
  CAF_CHECK(head->host.empty());
  CAF_CHECK(!head->keep_alive);
}

CAF_TEST(an absolute target names the same host and is cut to its path) {
  CAF_REQUIRE(accepts(with_target("HTTP://T.example/x?y")));
  CAF_CHECK_EQUAL(head->path, "/x?y");
  CAF_CHECK_EQUAL(head->authority, "T.example");
  CAF_REQUIRE(accepts(with_target("http://t.example")));
  CAF_CHECK_EQUAL(head->path, "/");
  CAF_CHECK_EQUAL(head->host, "t.example");
  CAF_REQUIRE(accepts("GET http://a.example/ HTTP/1.0\r\n\r\n"));
  CAF_CHECK_EQUAL(head->host, "a.example");
  CAF_CHECK(refuses(with_target("http://evil.example/")));
  CAF_CHECK(refuses(with_target("http://u@t.example/")));
  CAF_CHECK(refuses("GET http://u@t.example/ HTTP/1.0\r\n\r\n"));
  CAF_CHECK(refuses(with_target("http:///x")));
  CAF_CHECK(refuses(with_target("ftp://t.example/")));
}

CAF_TEST(a default port may be written or left empty or left out) {
  const auto agree = [this](const char* target, const char* host) {
    return accepts(std::string{"GET "} + target + " HTTP/1.1\r\nHost: " + host
                   + "\r\n\r\n")
        && head->host == head->authority;
  };
  for (const auto& [target, host] : {std::pair{"http://a/", "a:80"},
                                     {"http://a:80/", "a"},
                                     {"http://a:/", "a"},
                                     {"http://a/", "A:"},
                                     {"http://a:/", "a:80"},
                                     {"http://a:080/", "a"},
                                     {"http://a:8080/", "a:8080"},
                                     {"https://a/", "a:443"},
                                     {"https://a:443/", "a:"},
                                     {"http://[::1]:80/", "[::1]"},
                                     {"http://[::1]/", "[::1]:"}})
    if (!agree(target, host))
      CAF_ERROR(target << " and " << host);
  for (const auto& [target, host] : {std::pair{"http://a/", "a:443"},
                                     {"https://a/", "a:80"},
                                     {"https://a:80/", "a"},
                                     {"http://a:8080/", "a"},
                                     {"http://a/", "a:81"},
                                     {"http://a:80/", "b"},
                                     {"http://a:/", "a.:"},
                                     {"http://[::1]/", "[::2]"},
                                     {"http://[::1]:80/", "[::1]:81"},
                                     {"http://:80/", "a"},
                                     {"http://a:x/", "a"},
                                     {"http://a:80:80/", "a"},
                                     {"http://u@a:80/", "a"},
                                     {"http://a:65616/", "a"}})
    if (accepts(std::string{"GET "} + target + " HTTP/1.1\r\nHost: " + host
                + "\r\n\r\n"))
      CAF_ERROR(target << " and " << host);
}

CAF_TEST(a target may have a query and no path) {
  CAF_REQUIRE(accepts(with_target("http://t.example?x=1/2")));
  CAF_CHECK_EQUAL(head->path_prefix, "/");
  CAF_CHECK_EQUAL(head->path, "?x=1/2");
  CAF_REQUIRE(accepts(with_target("http://t.example:80?")));
  CAF_CHECK_EQUAL(head->path, "?");
  CAF_REQUIRE(accepts("OPTIONS http://a?b HTTP/1.1\r\nHost: a\r\n\r\n"));
  CAF_CHECK_EQUAL(head->path, "?b");
  CAF_REQUIRE(accepts(with_target("/")));
  CAF_CHECK_EQUAL(head->path_prefix, "");
  CAF_CHECK(refuses(with_target("http://?x")));
  CAF_CHECK(refuses(with_target("http://t.example@evil?x")));
}

CAF_TEST(a request that came through here too often is in a loop) {
  std::string through;
  for (unsigned i = 0; i < hops_max; ++i) {
    CAF_CHECK(get("Via: 1.1 other, 1.1 troupes, 1.1 x (troupe)\r\n" + through)
              == parse_status::done);
    through += i % 2 == 0 ? "Via: 1.0 Troupe (a), 2 other\r\n"
                          : "VIA: HTTP/1.1\t troupe\r\n";
  }
  CAF_CHECK(refuses("GET / HTTP/1.1\r\nHost: a\r\n" + through + "\r\n",
                    head_error::loop));
}

CAF_TEST(names with an underscore are refused where that is asked for) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX_Y: 1\r\n\r\n";
  CAF_CHECK(accepts(text));
  limits.underscores = false;
  CAF_CHECK(refuses(text));
  CAF_CHECK(accepts("GET /_ HTTP/1.1\r\nHost: a_b\r\nX: _\r\n\r\n"));
}

CAF_TEST(targets that servers read differently are refused) {
  for (const char* target :
       {"/a#b", "#", "/a b", "/\xc3\xa9", "/\x7f", "*", "*/x", "t.example:80",
        "a/b", "http:\\\\x\\", "?x"})
    if (!refuses(with_target(target)))
      CAF_ERROR(target);
  CAF_CHECK(accepts(with_target("/%0d%0a%00\"<>|")));
  CAF_CHECK(accepts("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
  CAF_CHECK_EQUAL(head->path, "*");
  CAF_CHECK(accepts("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"));
  CAF_CHECK_EQUAL(head->path, "*");
}

CAF_TEST(methods and versions have answers of their own) {
  const auto line = [](const std::string& text) {
    return text + "\r\nHost: t.example\r\n\r\n";
  };
  CAF_CHECK(refuses(line("CONNECT t.example:443 HTTP/1.1"),
                    head_error::not_implemented));
  CAF_CHECK(refuses(line(std::string(33, 'A') + " / HTTP/1.1"),
                    head_error::not_implemented));
  CAF_CHECK(refuses(std::string(33, 'A'), head_error::not_implemented));
  CAF_CHECK(refuses(line("G(T / HTTP/1.1")));
  CAF_CHECK(refuses(line("PRI * HTTP/2.0"), head_error::version));
  CAF_CHECK(refuses(line("GET / HTTP/1.2"), head_error::version));
  CAF_CHECK(refuses(line("GET / HTTP/0.9"), head_error::version));
  for (const char* text :
       {"GET / HTTP/1.10", "GET / HTTP/1.", "GET / http/1.1", "GET / HTTP/2",
        "GET / HTTP/1.1 ", "GET  / HTTP/1.1", "GET / X", "GET /",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 80"})
    if (!refuses(line(text)))
      CAF_ERROR(text);
  CAF_CHECK(accepts(line("get / HTTP/1.1")));
  CAF_CHECK(!head->idempotent);
}

CAF_TEST(limits are exact) {
  limits.target_max = 10;
  CAF_CHECK(accepts(with_target("/" + std::string(9, 'a'))));
  CAF_CHECK(refuses(with_target("/" + std::string(10, 'a')),
                    head_error::target_too_long));
  CAF_CHECK(parse("GET /" + std::string(9, 'a')) == parse_status::need_more);
  CAF_CHECK(
    refuses("GET /" + std::string(10, 'a'), head_error::target_too_long));
  limits.fields_max = 2;
  CAF_CHECK(get("A: 1\r\n") == parse_status::done);
  CAF_CHECK(get("A: 1\r\nB: 2\r\n") == parse_status::bad);
  CAF_CHECK(head->error == head_error::too_large);
  limits = {};
  const auto good = with_host("t.example");
  limits.bytes_max = static_cast<uint32_t>(good.size());
  CAF_CHECK(accepts(good + "next"));
  --limits.bytes_max;
  CAF_CHECK(refuses(good, head_error::too_large));
  CAF_CHECK(parse(good.substr(0, good.size() - 2)) == parse_status::need_more);
  CAF_CHECK(refuses(good.substr(0, good.size() - 1), head_error::too_large));
}

CAF_TEST(what Connection names is marked but never what we depend on) {
  CAF_REQUIRE(get("Connection: close, X-A ,, Host\r\nX-A: 1\r\nX-B: 2\r\n"
                  "Connection: Content-Length, X-Forwarded-For, via\r\n"
                  "X-Forwarded-For: 1\r\nVia: 1.1 a\r\nContent-Length: 0\r\n"
                  "Keep-Alive: 5\r\nTE: trailers\r\nProxy-Connection: x\r\n"
                  "Trailer: X-T\r\n")
              == parse_status::done);
  CAF_CHECK(!head->keep_alive);
  for (const char* name :
       {"Connection", "X-A", "Keep-Alive", "TE", "Proxy-Connection"})
    if (!named(name).hop_by_hop)
      CAF_ERROR(name);
  for (const char* name :
       {"Host", "X-B", "X-Forwarded-For", "Via", "Content-Length", "Trailer"})
    if (named(name).hop_by_hop)
      CAF_ERROR(name);
  std::string many = "Connection: ";
  for (int i = 0; i < 17; ++i)
    many += "x" + std::to_string(i) + ",";
  CAF_CHECK(get_refuses(many + "\r\n"));
  CAF_CHECK(get_refuses("Connection: a b\r\n"));
}

CAF_TEST(the wish of a client to stay follows its version) {
  CAF_CHECK(accepts("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  CAF_CHECK(head->keep_alive);
  CAF_CHECK(accepts("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
  CAF_CHECK(!head->keep_alive);
}

CAF_TEST(only a plain upgrade may become a tunnel) {
  CAF_CHECK(get("Connection: x, Upgrade\r\nUpgrade: websocket\r\n")
            == parse_status::done);
  CAF_CHECK(head->upgrade);
  for (const char* lines :
       {"Upgrade: websocket\r\n", "Connection: upgrade\r\n",
        "Connection: upgrade\r\nUpgrade: h2c\r\n",
        "Connection: upgrade\r\nUpgrade: websocket, H2C\r\n",
        "Connection: upgrade\r\nUpgrade: \"h2c\"\r\n",
        "Connection: upgrade\r\nUpgrade: a;b=c, h2C/1\r\n",
        "Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"}) {
    if (get(lines) != parse_status::done || head->upgrade)
      CAF_ERROR(lines);
  }
  for (const char* body :
       {"Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n"}) {
    CAF_CHECK(get("Connection: upgrade\r\nUpgrade: a\r\n" + std::string{body})
              == parse_status::done);
    CAF_CHECK(head->upgrade);
  }
}

CAF_TEST(an expectation holds for a body in HTTP 1 1 only) {
  CAF_CHECK(get("Expect: 100-Continue\r\nContent-Length: 1\r\n")
            == parse_status::done);
  CAF_CHECK(head->expect_continue);
  CAF_CHECK(get("Expect: 100-continue\r\n") == parse_status::done);
  CAF_CHECK(!head->expect_continue);
  CAF_CHECK(accepts("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
                    "Content-Length: 1\r\n\r\n"));
  CAF_CHECK(!head->expect_continue);
  CAF_CHECK(get_refuses("Expect: bananas\r\n"));
  CAF_CHECK(
    refuses("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"));
}

CAF_TEST_FIXTURE_SCOPE_END()
