// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_routes

#include "caf_test.hpp"

#include "parsing.hpp"

using namespace std::chrono_literals;
using namespace troupe;
using parsing::parse;
using parsing::problems_of;
using parsing::warnings_of;

namespace {

constexpr std::string_view backends =
  "backends:\n"
  "- {name: app, servers: [{name: a1, address: \"h:80\"}]}\n"
  "- {name: api, servers: [{name: b1, address: \"h:81\"}]}\n";

/// @param routes Lines that begin with "  - ".
std::string with(const std::string& routes,
                 const std::string& more = "  backend: app\n") {
  return "frontends:\n- name: web\n  listen: \"127.0.0.1:80\"\n" + more
       + "  routes:\n" + routes + std::string{backends};
}

/// A table of one route to api, line 6 of the file.
std::string matching(const std::string& match) {
  return with("  - {match: {" + match + "}, backend: api}\n");
}

routing::conditions read(const std::string& match) {
  const auto result = parse(matching(match));
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  return result.settings.frontends.at(0).routes.at(0).match;
}

using texts = std::vector<std::string>;

} // namespace

CAF_TEST(one value and a list of them are read) {
  const auto match =
    read("host: [api.example.com, \"*.example.org\"], path: /health, "
         "path_prefix: [/v1, /v2/], path_regex: \"^/user/[0-9]+$\", "
         "method: [GET, HEAD], client: 10.0.0.0/8, scheme: https");
  CAF_CHECK_EQUAL(match.host, (texts{"api.example.com", "*.example.org"}));
  CAF_CHECK_EQUAL(match.path, texts{"/health"});
  CAF_CHECK_EQUAL(match.path_prefix, (texts{"/v1", "/v2/"}));
  CAF_CHECK_EQUAL(match.path_regex, texts{"^/user/[0-9]+$"});
  CAF_CHECK_EQUAL(match.method, (texts{"GET", "HEAD"}));
  CAF_CHECK_EQUAL(match.client, texts{"10.0.0.0/8"});
  CAF_CHECK(match.scheme == std::vector{routing::scheme::https});
}

CAF_TEST(values of fields are exact or found or there) {
  using kind = routing::header_test::kind;
  const auto match =
    read("header: {X-Canary: \"1\", User-Agent: {regex: bot}, "
         "X-Debug: {present: true}, X-Old: {present: false}, "
         "Accept: [a, {regex: b}]}, query: {version: [\"2\", \"3\"]}, "
         "cookie: {beta: \"1\"}");
  CAF_REQUIRE_EQUAL(match.header.size(), 5u);
  const auto is = [&](size_t i, size_t j, kind what, std::string_view text) {
    const auto& test = match.header[i].any_of.at(j);
    return test.what == what && test.text == text;
  };
  CAF_CHECK(is(0, 0, kind::exact, "1"));
  CAF_CHECK(is(1, 0, kind::regex, "bot"));
  CAF_CHECK(is(2, 0, kind::present, ""));
  CAF_CHECK(is(3, 0, kind::absent, ""));
  CAF_CHECK(is(4, 0, kind::exact, "a"));
  CAF_CHECK(is(4, 1, kind::regex, "b"));
  CAF_CHECK_EQUAL(match.query.at(0).any_of, (texts{"2", "3"}));
  CAF_CHECK_EQUAL(match.cookie.at(0).name, "beta");
}

CAF_TEST(what must not hold is a block or several) {
  CAF_CHECK_EQUAL(read("not: {client: 192.0.2.1}").none_of.size(), 1u);
  const auto match = read("not: [{client: 192.0.2.1}, {method: POST}]");
  CAF_REQUIRE_EQUAL(match.none_of.size(), 2u);
  CAF_CHECK_EQUAL(match.none_of[1].method, texts{"POST"});
}

CAF_TEST(a route says what it does otherwise) {
  const auto result = parse(with(
    "  - {name: a, backend: api, algorithm: p2c, timeout_response: 60s, "
    "timeout_idle: 2s, retries_max: 0, max_body_bytes: 1MiB, "
    "request_headers: {set: {X-A: b}}, response_headers: {remove: [X-C]}}\n"));
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  const auto& route = result.settings.frontends.at(0).routes.at(0);
  CAF_CHECK_EQUAL(route.name, "a");
  CAF_CHECK(route.algorithm == algorithm::p2c);
  CAF_CHECK(route.timeout_response == milliseconds{60s});
  CAF_CHECK(route.timeout_idle == milliseconds{2s});
  CAF_CHECK(route.retries_max == 0u);
  CAF_CHECK(route.max_body_bytes == 1u << 20);
  CAF_CHECK_EQUAL(route.request_headers.set.size(), 1u);
  CAF_CHECK_EQUAL(route.response_headers.remove.size(), 1u);
}

CAF_TEST(a route leads to one thing) {
  const auto told = [](const std::string& action) {
    return problems_of(with("  - {" + action + "}\n"));
  };
  for (const auto* good :
       {"split: {app: 95, api: 5}", "redirect: {scheme: https}",
        "respond: {status: 503, body: \"{host}\", headers: {X-A: b}}"})
    CAF_CHECK_EQUAL(told(good), "");
  CAF_CHECK_EQUAL(told("backend: app, respond: {status: 200}"),
                  "f:6:5: frontends[0].routes[0]: a route has one of backend, "
                  "split, redirect and respond\n");
  CAF_CHECK_EQUAL(
    told("split: {app: 0, ap: 0}"),
    "f:6:13: frontends[0].routes[0].split: needs a weight above "
    "0\n"
    "f:6:26: frontends[0].routes[0].split.ap: no backend is named "
    "\"ap\"; did you mean \"api\"?\n");
  CAF_CHECK_EQUAL(told("redirect: {}"),
                  "f:6:16: frontends[0].routes[0].redirect: got an empty map, "
                  "expected where to: such as `scheme: https`\n");
  CAF_CHECK_EQUAL(told("redirect: {status: 200}"),
                  "f:6:25: frontends[0].routes[0].redirect.status: got 200, "
                  "expected 301, 302, 303, 307 or 308\n");
  CAF_CHECK_EQUAL(told("respond: {body: \"{hots}\"}"),
                  "f:6:22: frontends[0].routes[0].respond.body: got "
                  "\"{hots}\", expected variables that there are: there is no "
                  "variable {hots}\n");
}

CAF_TEST(hosts are written as requests are compared) {
  const auto told = [](const std::string& host) {
    return problems_of(matching("host: \"" + host + "\""));
  };
  const std::string wanted =
    ", expected a host in lower case, without port and final dot, such as "
    "api.example.com or \"*.example.com\"";
  const auto meant = [&](const std::string& host, const std::string& better) {
    CAF_CHECK_EQUAL(told(host),
                    "f:6:20: frontends[0].routes[0].match.host: got \"" + host
                      + "\"" + wanted + "; did you mean \"" + better + "\"?\n");
  };
  meant("API.example.com", "api.example.com");
  meant("api.example.com.", "api.example.com");
  meant("api.example.com:8080", "api.example.com");
  meant("*.b\xc3\xbc"
        "cher.example",
        "*.xn--bcher-kva.example");
  meant("[2001:DB8:0::1]", "[2001:db8::1]");
  meant("[::1]:80", "[::1]");
  CAF_CHECK_EQUAL(told("a.*.example"),
                  "f:6:20: frontends[0].routes[0].match.host: got "
                  "\"a.*.example\""
                    + wanted + "\n");
  for (const auto* good : {"*", "*.example.com", "localhost", "[::1]", "a_b.c"})
    CAF_CHECK_EQUAL(told(good), "");
}

CAF_TEST(paths are written as every server reads them) {
  const auto told = [](const std::string& path) {
    return problems_of(matching("path: \"" + path + "\""));
  };
  CAF_CHECK_EQUAL(told("/a//b"),
                  "f:6:20: frontends[0].routes[0].match.path: got \"/a//b\", "
                  "expected a path as every server reads it, \"/a/b\"\n");
  CAF_CHECK_EQUAL(told("/a%2fb"),
                  "f:6:20: frontends[0].routes[0].match.path: got \"/a%2fb\", "
                  "expected a path as every server reads it: this one is "
                  "\"/a%2Fb\" to a strict server, and \"/a/b\" to a lenient "
                  "one\n");
  CAF_CHECK_EQUAL(told("admin"),
                  "f:6:20: frontends[0].routes[0].match.path: got \"admin\", "
                  "expected a path that begins with /, such as /v1\n");
  CAF_CHECK_EQUAL(told("/a/b"), "");
}

CAF_TEST(a bad regex says why) {
  const auto told = problems_of(matching("path_regex: \"(a\""));
  CAF_CHECK(told.find("expected a regular expression of RE2: ")
            != std::string::npos);
}

CAF_TEST(all that is wrong with a route is told at once) {
  CAF_CHECK_EQUAL(
    problems_of(
      with("  - {match: {hots: a, method: get}, backend: ap}\n"
           "  - {name: x}\n"
           "  - {name: x, backend: app, match: {header: {X: {}}}}\n")),
    "f:6:14: frontends[0].routes[0].match.hots: unknown key; did you mean "
    "\"host\"?\n"
    "f:6:31: frontends[0].routes[0].match.method: got \"get\", expected a "
    "method in upper case such as GET or HEAD, not CONNECT\n"
    "f:6:46: frontends[0].routes[0].backend: no backend is named \"ap\"; did "
    "you mean \"api\"?\n"
    "f:7:5: frontends[0].routes[1]: required key \"backend\" is missing\n"
    "f:8:12: frontends[0].routes[2].name: got \"x\", already the name of "
    "frontends[0].routes[1]; names must differ\n"
    "f:8:49: frontends[0].routes[2].match.header.X: got an empty map, expected "
    "`regex` or `present`\n");
}

CAF_TEST(a frontend needs a backend or routes) {
  CAF_CHECK_EQUAL(problems_of(with("  - {backend: api}\n", "")), "");
  CAF_CHECK(problems_of("frontends: [{name: web, listen: \"127.0.0.1:80\"}]\n"
                        + std::string{backends})
              .find("backend")
            != std::string::npos);
}

CAF_TEST(a route of tcp matches clients) {
  const std::string tcp = "  protocol: tcp\n  backend: app\n";
  CAF_CHECK_EQUAL(
    problems_of(with("  - {match: {client: 10.0.0.1}, backend: api}\n", tcp)),
    "");
  CAF_CHECK(
    problems_of(with("  - {match: {path: /a}, backend: api}\n", tcp))
      .find("match.path: needs `protocol: http`; a route of protocol tcp can "
            "match `client`")
    != std::string::npos);
}

CAF_TEST(a route behind one that matches everything is worth a warning) {
  CAF_CHECK_EQUAL(warnings_of(with("  - {backend: api}\n"
                                   "  - {match: {path: /a}, backend: app}\n")),
                  "f:7:5: frontends[0].routes[1]: is never used, because "
                  "routes[0] matches everything\n");
  CAF_CHECK_EQUAL(warnings_of(with("  - {backend: api}\n")),
                  "f:4:12: frontends[0].backend: is never used, because "
                  "routes[0] matches everything\n");
  CAF_CHECK_EQUAL(warnings_of(with("  - {match: {path: /a}, backend: api}\n")),
                  "");
}

CAF_TEST(the nearest word on the algorithm counts) {
  using enum algorithm;
  CAF_CHECK(chosen_algorithm({}, {}, round_robin) == round_robin);
  CAF_CHECK(chosen_algorithm({}, {}, ip_hash) == ip_hash);
  CAF_CHECK(chosen_algorithm({}, p2c, ip_hash) == p2c);
  CAF_CHECK(chosen_algorithm(random, p2c, ip_hash) == random);
}
