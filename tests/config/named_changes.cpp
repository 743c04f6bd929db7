// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_named_changes
#include "caf_test.hpp"

#include "config/named_changes.hpp"

using troupe::config::named_changes;

namespace {

using lines = std::vector<std::string>;

std::string web(const std::string& routes) {
  return "frontends:\n- name: web\n  listen: \"127.0.0.1:80\"\n  routes: ["
       + routes + "]\n";
}

} // namespace

CAF_TEST(a changed route is named and not counted) {
  CAF_CHECK_EQUAL(
    named_changes(web("{name: a, backend: x}, {name: api, backend: x}"),
                  web("{name: new, backend: x}, {name: a, backend: x}, "
                      "{name: api, backend: y, timeout_response: 60s}")),
    (lines{"frontend web, route new: new",
           "frontend web, route api: backend: \"y\", was \"x\"",
           "frontend web, route api: timeout_response: 60s; it was not set"}));
}

CAF_TEST(routes may be removed and stand in another order) {
  CAF_CHECK_EQUAL(named_changes(web("{name: a}, {name: b}, {name: c}"),
                                web("{name: c}, {name: a}")),
                  (lines{"frontend web, route b: removed",
                         "frontend web: its routes stand in another order"}));
  CAF_CHECK_EQUAL(named_changes(web("{backend: x}"), web("{backend: y}")),
                  (lines{"frontend web, route 0: backend: \"y\", was \"x\""}));
}

CAF_TEST(what stands below has its path) {
  CAF_CHECK_EQUAL(
    named_changes(web("{name: a, rewrite: {path: /a}, match: {host: [b]}}"),
                  web("{name: a, rewrite: {path: /b}, match: {}}")),
    (lines{
      "frontend web, route a: rewrite.path: \"/b\", was \"/a\"",
      "frontend web, route a: match.host: no longer set; it was [\"b\"]"}));
}

CAF_TEST(servers and keys outside of lists are named too) {
  const auto text = [](const char* weight, const char* interval) {
    return std::string{"backends: [{name: app, servers: [{name: a1, weight: "}
         + weight + "}]}]\nhealth_check_defaults: {interval: " + interval
         + "}\n";
  };
  CAF_CHECK_EQUAL(named_changes(text("1", "2s"), text("2", "3s")),
                  (lines{"backend app, server a1: weight: 2, was 1",
                         "health_check_defaults.interval: 3s, was 2s"}));
}

CAF_TEST(comments and the way of writing do not count) {
  CAF_CHECK_EQUAL(named_changes("a: {b: [1]} # c\n", "a:\n  b:\n  - '1'\n"),
                  lines{});
  CAF_CHECK_EQUAL(named_changes("a: [", "a: 1"), lines{});
  CAF_CHECK_EQUAL(named_changes("", "a: 1"), lines{});
}

CAF_TEST(the servers of another order are the same) {
  CAF_CHECK_EQUAL(named_changes("backends: [{name: a}, {name: b}]",
                                "backends: [{name: b}, {name: a}]"),
                  lines{});
}
