// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_http1_routing_view
#include "caf_test.hpp"

#include "net/http1/routing_view.hpp"

#include <memory>

using namespace troupe;
using namespace troupe::net::http1;

namespace {

std::string host_of(std::string_view host) {
  std::string buffer = "what was there before";
  return std::string{canonical_host(host, buffer)};
}

struct fixture {
  routing::request_view read(std::string_view bytes) {
    CAF_REQUIRE(parse_request(bytes, {}, *head) == parse_status::done);
    return routing_view(*head, client, host);
  }

  std::unique_ptr<request_head> head = std::make_unique<request_head>();
  endpoint client = *endpoint::parse("192.0.2.1:999");
  std::string host;
};

} // namespace

CAF_TEST(hosts are compared without case and port and final dot) {
  CAF_CHECK_EQUAL(host_of("Example.COM"), "example.com");
  CAF_CHECK_EQUAL(host_of("example.com:8080"), "example.com");
  CAF_CHECK_EQUAL(host_of("example.com.:"), "example.com");
  CAF_CHECK_EQUAL(host_of("[2001:DB8:0:0::1]:80"), "[2001:db8::1]");
  CAF_CHECK_EQUAL(host_of("[::FFFF:1.2.3.4]"), "[::ffff:1.2.3.4]");
  CAF_CHECK_EQUAL(host_of("."), "");
  CAF_CHECK_EQUAL(host_of(""), "");
}

CAF_TEST_FIXTURE_SCOPE(routing_view_tests, fixture)

CAF_TEST(a request is taken apart) {
  const auto x = read("GET /a/b?c=d?e HTTP/1.1\r\nHost: A.example:1\r\n"
                      "X-Y: z\r\n\r\n");
  CAF_CHECK_EQUAL(x.method, "GET");
  CAF_CHECK_EQUAL(x.host, "a.example");
  CAF_CHECK_EQUAL(x.path, "/a/b");
  CAF_CHECK_EQUAL(x.query, "c=d?e");
  CAF_REQUIRE_EQUAL(x.headers.size(), 2u);
  CAF_CHECK_EQUAL(x.headers[1].name, "X-Y");
  CAF_CHECK_EQUAL(x.headers[1].value, "z");
  CAF_CHECK(x.client == &client);
  CAF_CHECK(x.scheme == routing::scheme::http);
}

CAF_TEST(an absolute target names host and path) {
  const auto x = read("GET http://A.example:80?q HTTP/1.1\r\n"
                      "Host: a.example\r\n\r\n");
  CAF_CHECK_EQUAL(x.host, "a.example");
  CAF_CHECK_EQUAL(x.path, "/");
  CAF_CHECK_EQUAL(x.query, "q");
}

CAF_TEST(what is not named is empty) {
  const auto x = read("OPTIONS * HTTP/1.0\r\n\r\n");
  CAF_CHECK_EQUAL(x.host, "");
  CAF_CHECK_EQUAL(x.path, "*");
  CAF_CHECK_EQUAL(x.query, "");
}

CAF_TEST_FIXTURE_SCOPE_END()
