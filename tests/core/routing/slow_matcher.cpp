// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_routing_slow_matcher
#include "caf_test.hpp"

#include "core/routing/sample_request.hpp"
#include "core/routing/slow_matcher.hpp"

#include <functional>
#include <string>
#include <vector>

using namespace troupe::routing;
using kind = header_test::kind;

namespace {

std::string why(const std::function<void(conditions&)>& set,
                const sample_request& request = {}) {
  conditions all;
  set(all);
  return why_not(all, request.view(), request.path);
}

} // namespace

CAF_TEST(what does not hold is said in words) {
  CAF_CHECK_EQUAL(why([](auto&) {}), "");
  CAF_CHECK_EQUAL(why([](auto& x) {
                    x.host = {"a.org", "*.b.org", "c.org"};
                  }),
                  R"(host is "example.org", not a.org, *.b.org or c.org)");
  CAF_CHECK_EQUAL(why([](auto& x) { x.path = {"/a"}; }),
                  R"(path is "/", not /a)");
  CAF_CHECK_EQUAL(why([](auto& x) {
                    x.path_prefix = {"/a", "/b"};
                  }),
                  R"(path "/" is not below /a or /b)");
  CAF_CHECK_EQUAL(why([](auto& x) { x.path_regex = {"^/a"}; }),
                  R"(path "/" does not match ^/a)");
  CAF_CHECK_EQUAL(why([](auto& x) {
                    x.method = {"POST", "PUT"};
                  }),
                  R"(method is "GET", not POST or PUT)");
  CAF_CHECK_EQUAL(why([](auto& x) {
                    x.query = {{"v", {"2"}}};
                  }),
                  "query v is absent, and must be 2");
  CAF_CHECK_EQUAL(why([](auto& x) {
                    x.cookie = {{"beta", {"1"}}};
                  }),
                  "cookie beta is absent, and must be 1");
  CAF_CHECK_EQUAL(why([](auto& x) { x.client = {"10.0.0.0/8"}; }),
                  "client 192.0.2.7 is not in 10.0.0.0/8");
  CAF_CHECK_EQUAL(why([](auto& x) { x.scheme = {scheme::https}; }),
                  "scheme is http");
  CAF_CHECK_EQUAL(why([](auto& x) { x.sni = {"a.org"}; }),
                  "there is no sni, and it must be a.org");
  CAF_CHECK_EQUAL(why([](auto& x) { x.alpn = {"h2"}; }),
                  "alpn does not offer h2");
  CAF_CHECK_EQUAL(why([](auto& x) { x.tls = true; }), "it is not TLS");
  CAF_CHECK_EQUAL(why([](auto& x) {
                    x.none_of.resize(2);
                    x.none_of[0].method = {"POST"};
                    x.none_of[1].method = {"GET"};
                  }),
                  "block 2 of its `not` holds");
}

CAF_TEST(headers and values that were sent are named) {
  sample_request request;
  request.query = "v=1&v=3";
  request.headers = {{"x-a", "1"}, {"X-A", "two"}, {"Cookie", "beta=0"}};
  CAF_CHECK_EQUAL(
    why(
      [](auto& x) {
        x.header = {{"X-A", {{kind::exact, "2"}, {kind::regex, "^t$"}}}};
      },
      request),
    R"(header X-A is "1" and "two", not "2" or a match of ^t$)");
  CAF_CHECK_EQUAL(why(
                    [](auto& x) {
                      x.header = {{"X-B", {{kind::present, ""}}}};
                    },
                    request),
                  "header X-B is absent, not present");
  CAF_CHECK_EQUAL(why(
                    [](auto& x) {
                      x.header = {{"X-A", {{kind::absent, ""}}}};
                    },
                    request),
                  R"(header X-A is "1" and "two", not absent)");
  CAF_CHECK_EQUAL(why(
                    [](auto& x) {
                      x.query = {{"v", {"2", "4"}}};
                    },
                    request),
                  R"(query v is "1", not 2 or 4)");
  CAF_CHECK_EQUAL(why(
                    [](auto& x) {
                      x.cookie = {{"beta", {"1"}}};
                    },
                    request),
                  R"(cookie beta is "0", not 1)");
}

CAF_TEST(what a client sent can neither break a line nor fill a screen) {
  sample_request request;
  request.host = "\x1b[2J\n" + std::string(10'000, 'a');
  const auto text = why([](auto& x) { x.host = {"a.org"}; }, request);
  CAF_CHECK(text.size() < 300);
  CAF_CHECK(text.find('\n') == text.npos && text.find('\x1b') == text.npos);
}

CAF_TEST(an explanation names the routes passed over for each reading) {
  std::vector<conditions> table(3);
  table[0].method = {"POST"};
  table[1].path_prefix = {"/admin"};
  const slow_matcher slow{table};
  sample_request request;
  request.path = "/x//y";
  auto found = slow.explain(request.view());
  CAF_CHECK(found.answer == make_answer(2, 2));
  CAF_REQUIRE_EQUAL(found.readings.size(), 1u);
  CAF_CHECK_EQUAL(found.readings[0].path, "/x/y");
  CAF_CHECK_EQUAL(found.readings[0].route, 2u);
  CAF_REQUIRE_EQUAL(found.readings[0].passed.size(), 2u);
  CAF_CHECK_EQUAL(found.readings[0].passed[0].why,
                  R"(method is "GET", not POST)");
  CAF_CHECK_EQUAL(found.readings[0].passed[1].route, 1u);

  request.path = "/x/..%2fadmin";
  found = slow.explain(request.view());
  CAF_CHECK(found.answer == make_answer(2, 1));
  CAF_REQUIRE_EQUAL(found.readings.size(), 2u);
  CAF_CHECK_EQUAL(found.readings[0].path, "/x/..%2Fadmin");
  CAF_CHECK_EQUAL(found.readings[1].path, "/admin");
  CAF_CHECK_EQUAL(found.readings[1].passed.size(), 1u);
  const auto as_sent =
    slow_matcher{table, ambiguous_paths::as_sent}.explain(request.view());
  CAF_CHECK_EQUAL(as_sent.readings.size(), 1u);

  const auto none = slow_matcher{{table[0]}}.explain(request.view());
  CAF_CHECK(none.answer.what == answer::kind::none);
  CAF_CHECK_EQUAL(none.readings[0].route, answer::no_route);
  CAF_CHECK_EQUAL(none.readings[0].passed.size(), 1u);
}
