// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_rewrites
#include "caf_test.hpp"

#include "parsing.hpp"

using namespace troupe;
using parsing::parse;
using parsing::problems_of;
using parsing::warnings_of;

namespace {

/// The route is line 5 of the file.
std::string with(const std::string& route) {
  return "frontends:\n- name: web\n  listen: \"127.0.0.1:80\"\n  routes:\n"
         "  - {"
       + route
       + "}\nbackends:\n"
         "- {name: app, servers: [{name: a1, address: \"h:80\"}]}\n";
}

std::string told(const std::string& rewrite) {
  return problems_of(with("backend: app, rewrite: {" + rewrite + "}"));
}

const std::string place = "frontends[0].routes[0].";

} // namespace

CAF_TEST(a rewrite says what the server gets) {
  const auto result = parse(
    with("backend: app, rewrite: {path_regex: {match: \"^/a(.*)\", to: "
         "'/b\\1?c={host}'}, host: \"{header:X-Host}\"}, rewrite_response: "
         "{location: false, cookie_domain: {app.internal: .shop.example, "
         "b.internal: \"\"}, cookie_path: {/: /app}}"));
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  const auto& route = result.settings.frontends.at(0).routes.at(0);
  CAF_REQUIRE(route.rewrite);
  CAF_CHECK((route.rewrite->path_regex
             == substitution_settings{"^/a(.*)", "/b\\1?c={host}"}));
  CAF_CHECK_EQUAL(route.rewrite->host, "{header:X-Host}");
  CAF_CHECK(!route.rewrite_response.location);
  CAF_REQUIRE_EQUAL(route.rewrite_response.cookie_domain.size(), 2u);
  CAF_CHECK_EQUAL(route.rewrite_response.cookie_domain[0].second,
                  ".shop.example");
  CAF_CHECK_EQUAL(route.rewrite_response.cookie_path[0].first, "/");
}

CAF_TEST(one key says what becomes of the path) {
  CAF_CHECK_EQUAL(told("path: /a, path_prefix: /b"),
                  "f:5:53: " + place
                    + "rewrite.path_prefix: not together with `path`\n");
  CAF_CHECK_EQUAL(told("path: \"\", path_prefix: /b"), "");
  CAF_CHECK_EQUAL(told(""), "f:5:29: " + place
                              + "rewrite: got an empty map, expected what the "
                                "server gets: such as `path_prefix: /`\n");
  CAF_CHECK_EQUAL(
    problems_of(with("redirect: {path: /a, path_regex: {match: a, to: b}}")),
    "f:5:39: " + place + "redirect.path_regex: not together with `path`\n");
}

CAF_TEST(what is part of a request line is visible) {
  CAF_CHECK_EQUAL(told("path: \"/a b\""),
                  "f:5:36: " + place
                    + "rewrite.path: got \"/a b\", expected a path without "
                      "spaces, `#` and letters that are not ASCII, such as "
                      "/caf%C3%A9\n");
  CAF_CHECK(told("path_regex: {match: a, to: \"#\"}").find("a path without")
            != std::string::npos);
  CAF_CHECK(told("path_prefix: \"/{hots}\"").find("no variable {hots}")
            != std::string::npos);
  CAF_CHECK_EQUAL(told("path_regex: {match: a, to: '\\1'}"),
                  "f:5:57: " + place
                    + "rewrite.path_regex.to: the regex has no group 1, it has "
                      "0\n");
}

CAF_TEST(a host is a host) {
  for (const char* bad : {"a/b", "a b", "a,b", "http://a", "{hots}", "a|b"})
    CAF_CHECK(
      told("host: \"" + std::string{bad} + "\"").find("rewrite.host: got ")
      != std::string::npos);
  for (const char* good : {"a.b:80", "[::1]:80", "{host}", "x.{host}"})
    CAF_CHECK_EQUAL(told("host: \"" + std::string{good} + "\""), "");
}

CAF_TEST(cookies have domains and paths) {
  const auto undo = [](const std::string& x) {
    return problems_of(with("backend: app, rewrite_response: {" + x + "}"));
  };
  CAF_CHECK(undo("cookie_domain: {\"a b\": c}").find("expected a domain")
            != std::string::npos);
  CAF_CHECK(undo("cookie_path: {a: /b}").find("expected a path such as /app")
            != std::string::npos);
  CAF_CHECK(undo("cookie_path: {/a: \"/b;c\"}").find("expected a path such as")
            != std::string::npos);
}

CAF_TEST(a route that goes to no server rewrites nothing) {
  CAF_CHECK_EQUAL(
    warnings_of(with("redirect: {path: /a}, rewrite: {path: /b}"))
        .find("rewrite: has no effect, because the request goes to no server")
      != std::string::npos,
    true);
}
