// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_routing_matcher
#include "core/routing/both_matchers.hpp"
#include "core/routing/random_table.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace troupe::routing;

namespace {

sample_request to(std::string host, std::string path) {
  sample_request request;
  request.host = std::move(host);
  request.path = std::move(path);
  return request;
}

conditions on(std::vector<std::string> host,
              std::vector<std::string> prefix = {}) {
  conditions result;
  result.host = std::move(host);
  result.path_prefix = std::move(prefix);
  return result;
}

} // namespace

CAF_TEST(the first route that matches wins however particular a later one is) {
  both_matchers::table table{
    on({}, {"/v1"}), on({"*.a.org"}, {"/"}), on({"b.a.org"}, {"/v2/x"}),
    on({"*"}),       on({"b.a.org"}),        on({})};
  table[2].path = {"/v2/x"};
  both_matchers matchers{table};
  CAF_CHECK_EQUAL(matchers.match(to("b.a.org", "/v1/x")).a, 0u);
  CAF_CHECK_EQUAL(matchers.match(to("b.a.org", "/v2/x")).a, 1u);
  CAF_CHECK_EQUAL(matchers.match(to("a.org", "/v2/x")).a, 3u);
  CAF_CHECK_EQUAL(matchers.match(to("", "/v2/x")).a, 5u);
  CAF_CHECK_EQUAL(matchers.match(to("", "/v1")).a, 0u);
}

CAF_TEST(order holds in each place and among all of them) {
  // Every pair of kinds of routes that fit one request, in both orders.
  const std::vector<conditions> kinds = [] {
    std::vector<conditions> result;
    for (const std::vector<std::string>& host : {std::vector<std::string>{},
                                                 {"*"},
                                                 {"*.org"},
                                                 {"*.a.org"},
                                                 {"b.a.org"}})
      for (int path = 0; path < 5; ++path) {
        conditions x = on(host);
        if (path == 1)
          x.path = {"/p/q"};
        if (path == 2)
          x.path_prefix = {"/p"};
        if (path == 3)
          x.path_prefix = {"/p/q/"};
        if (path == 4)
          x.path_regex = {"q$"};
        result.push_back(x);
        x.method = {"GET"};
        result.push_back(x);
      }
    return result;
  }();
  const auto request = to("b.a.org", "/p/q");
  auto post = request;
  post.method = "POST";
  for (const auto& first : kinds)
    for (const auto& second : kinds) {
      matcher fast{{first, second}};
      const auto expected = first.method.empty()  ? 0u
                          : second.method.empty() ? 1u
                                                  : answer::no_route;
      if (fast.match(request.view()).a != 0
          || fast.match(post.view()).a != expected)
        CAF_ERROR("a later route came first");
    }
}

CAF_TEST(a route in several places is one route) {
  both_matchers matchers{
    {on({"a.org", "a.org", "*.org", "*"}, {"/p", "/p/", "/p/q"}), on({})}};
  CAF_CHECK_EQUAL(matchers.match(to("a.org", "/p/q")).a, 0u);
  CAF_CHECK_EQUAL(matchers.match(to("x.org", "/p")).a, 0u);
  CAF_CHECK_EQUAL(matchers.match(to("x.org", "/q")).a, 1u);
}

CAF_TEST(many hosts times many paths are one route as well) {
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) {
    hosts.push_back("h" + std::to_string(i) + ".org");
    paths.push_back("/p" + std::to_string(i));
  }
  both_matchers::table table{on(hosts, paths), on(hosts)};
  table.push_back(on(hosts));
  table[1].path = paths;
  table[1].path[7] = "/other";
  both_matchers matchers{table};
  CAF_CHECK_EQUAL(matchers.match(to("h99.org", "/p99/x")).a, 0u);
  CAF_CHECK_EQUAL(matchers.match(to("h99.org", "/p7")).a, 0u);
  CAF_CHECK_EQUAL(matchers.match(to("h99.org", "/other")).a, 1u);
  CAF_CHECK_EQUAL(matchers.match(to("h99.org", "/p100")).a, 2u);
  CAF_CHECK(matchers.match(to("h100.org", "/p1")).what == answer::kind::none);
}

CAF_TEST(every one of many hosts and rules is found) {
  std::vector<conditions> table;
  for (int i = 0; i < 3'000; ++i) {
    const auto number = std::to_string(i);
    table.push_back(on({"h" + number + ".org", "*.h" + number + ".org"}));
    table.push_back(on({"one.org"}, {"/p" + number + "/x"}));
    table.push_back(on({"one.org"}));
    table.back().path = {"/p" + number};
  }
  matcher fast{table};
  for (uint32_t i = 0; i < 3'000; ++i) {
    const auto number = std::to_string(i);
    if (fast.match(to("h" + number + ".org", "/").view()).a != 3 * i
        || fast.match(to("x.y.h" + number + ".org", "/").view()).a != 3 * i
        || fast.match(to("one.org", "/p" + number + "/x/y").view()).a
             != 3 * i + 1
        || fast.match(to("one.org", "/p" + number).view()).a != 3 * i + 2)
      CAF_ERROR("number " << i << " was not found");
  }
  CAF_CHECK(fast.match(to("h3000.org", "/").view()).what == answer::kind::none);
  CAF_CHECK(fast.match(to("one.org", "/p3000").view()).what
            == answer::kind::none);
}

CAF_TEST(streams are found by their names) {
  std::vector<conditions> table(3);
  table[0].sni = {"a.org"};
  table[1].sni = {"*.org", "a.org"};
  table[2].tls = false;
  both_matchers matchers{table};
  sample_request stream;
  stream.host = stream.path = stream.method = "";
  CAF_CHECK_EQUAL(matchers.match(stream).a, 2u);
  stream.is_tls = true;
  CAF_CHECK(matchers.match(stream).what == answer::kind::none);
  stream.sni = "a.org";
  CAF_CHECK_EQUAL(matchers.match(stream).a, 0u);
  stream.sni = "b.org";
  CAF_CHECK_EQUAL(matchers.match(stream).a, 1u);
}

CAF_TEST(both matchers agree on whatever table and request) {
  std::mt19937 random{122};
  std::array<size_t, 3> answers{};
  size_t requests = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    std::array<uint8_t, 160> bytes{};
    for (auto& x : bytes)
      x = static_cast<uint8_t>(random());
    random_table make{bytes};
    const auto routes = make.routes();
    const auto how =
      round % 8 == 0 ? ambiguous_paths::as_sent : ambiguous_paths::refuse;
    matcher fast{routes, {how}};
    const slow_matcher slow{routes, how};
    for (unsigned i = 0; i < 5; ++i, ++requests) {
      std::array<uint8_t, 48> more{};
      for (auto& x : more)
        x = static_cast<uint8_t>(random());
      const auto request = random_table{more}.request();
      const auto expected = slow.match(request.view());
      const auto found = fast.match(request.view());
      if (!(found == expected))
        CAF_FAIL("round " << round << ", path " << request.path << ": "
                          << found.a << ", " << found.b << " instead of "
                          << expected.a << ", " << expected.b);
      ++answers[static_cast<size_t>(expected.what)];
    }
  }
  CAF_MESSAGE(requests << " requests: " << answers[0] << " routes, "
                       << answers[1] << " none, " << answers[2]
                       << " ambiguous");
  for (const auto count : answers)
    CAF_CHECK_GREATER(count, requests / 100);
}
