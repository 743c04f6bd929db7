// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_route_answer
#include "caf_test.hpp"

#include "net/frontend/route_answer.hpp"

using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture {
  fixture() {
    request.host = "shop.example";
    request.path = "/old/x";
    request.query = "q=1";
  }

  /// Where a redirect leads, or "400".
  std::string leads() {
    route.redirect = redirect;
    return location_of(*plan_answer(route)->location, values).value_or("400");
  }

  std::string answer(const header_rules& given = {}) {
    context.now = std::chrono::system_clock::from_time_t(784'111'777);
    route.respond = respond;
    const http1::field_rules rules{&given};
    return http1::reply_text(answer_to(*plan_answer(route), "", values),
                             {rules}, context);
  }

  routing::request_view request;
  routing::variable_values values{request, "8080", "id-1", "web", "r"};
  redirect_settings redirect;
  respond_settings respond;
  route_settings route;
  http1::reply_context context;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(route_answer_tests, fixture)

CAF_TEST(what a redirect does not name is as in the request) {
  CAF_CHECK_EQUAL(leads(), "http://shop.example/old/x?q=1");
  redirect.scheme = "https";
  CAF_CHECK_EQUAL(leads(), "https://shop.example/old/x?q=1");
  redirect.host = "www.{host}";
  redirect.port = 8443;
  CAF_CHECK_EQUAL(leads(), "https://www.shop.example:8443/old/x?q=1");
  redirect.port = 443; // what need not be said
  CAF_CHECK_EQUAL(leads(), "https://www.shop.example/old/x?q=1");
  request.query = {};
  request.path = "*";
  CAF_CHECK_EQUAL(leads(), "https://www.shop.example/");
}

CAF_TEST(a path keeps the query unless it has one itself) {
  redirect.path = "/new{path}/";
  CAF_CHECK_EQUAL(leads(), "http://shop.example/new/old/x/?q=1");
  redirect.path = "/new?from={path}&{query}";
  CAF_CHECK_EQUAL(leads(), "http://shop.example/new?from=/old/x&q=1");
  redirect.path = "new";
  CAF_CHECK_EQUAL(leads(), "http://shop.example/new?q=1");
}

CAF_TEST(a prefix takes the place of the one that matched) {
  route.match.path_prefix = {"/", "/old/"};
  const auto to = [&](const std::string& prefix, std::string_view path) {
    redirect.path_prefix = prefix;
    request.path = path;
    request.query = {};
    return leads();
  };
  CAF_CHECK_EQUAL(to("/new", "/old/x"), "http://shop.example/new/x");
  CAF_CHECK_EQUAL(to("/new/", "/old/x"), "http://shop.example/new/x");
  CAF_CHECK_EQUAL(to("/new", "/old"), "http://shop.example/new");
  CAF_CHECK_EQUAL(to("/", "/old/x"), "http://shop.example/x");
  CAF_CHECK_EQUAL(to("/", "/old"), "http://shop.example/");
  CAF_CHECK_EQUAL(to("/new", "//old/./x"), "http://shop.example/new/x");
  CAF_CHECK_EQUAL(to("/new", "/y"), "http://shop.example/new/y");
}

CAF_TEST(nobody is led to a host that a client chose as a path) {
  request.path = "//evil.example";
  CAF_CHECK_EQUAL(leads(), "http://shop.example//evil.example?q=1");
  redirect.path = "{query}";
  request.query = "//evil.example/\r\nX: y";
  CAF_CHECK(
    leads().starts_with("http://shop.example//evil.example/%0D%0AX:%20y?"));
}

CAF_TEST(a host that is none is refused) {
  request.host = {};
  CAF_CHECK_EQUAL(leads(), "400");
  redirect.host = "{query}";
  request.query = "a/b";
  CAF_CHECK_EQUAL(leads(), "400");
}

CAF_TEST(an answer has a date and its length and what is set) {
  respond.status = 503;
  respond.body = "back soon, {host}\n";
  respond.headers = {{"Retry-After", "60"}, {"X-Gone", "1"}};
  header_rules rules;
  rules.set = {{"Strict-Transport-Security", "max-age=1"}};
  rules.remove = {"X-Gone"};
  CAF_CHECK_EQUAL(answer(rules), "HTTP/1.1 503 Service Unavailable\r\n"
                                 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Retry-After: 60\r\n"
                                 "Strict-Transport-Security: max-age=1\r\n"
                                 "Content-Length: 24\r\n\r\n"
                                 "back soon, shop.example\n");
}

CAF_TEST(an answer to HEAD and one without a body have none) {
  respond.body = "hello";
  context.head_only = true;
  CAF_CHECK(answer().ends_with("Content-Length: 5\r\n\r\n"));
  context = {};
  context.close = true;
  respond.status = 204;
  respond.body.clear();
  CAF_CHECK_EQUAL(answer(), "HTTP/1.1 204 No Content\r\n"
                            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                            "Connection: close\r\n\r\n");
}

CAF_TEST(no variable ends a line) {
  request.path = "a\r\nX-Evil: 1";
  respond.headers = {{"X-Path", "{path}"}};
  CAF_CHECK(answer().find("X-Path: aX-Evil: 1\r\n") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
