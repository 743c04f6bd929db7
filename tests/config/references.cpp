// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_references

#include "caf_test.hpp"

#include "parsing.hpp"

using parsing::problems_of;
using parsing::warnings_of;

namespace {

std::string frontend(const std::string& name, const std::string& listen,
                     const std::string& more = "backend: app") {
  return "- {name: " + name + ", listen: \"" + listen + "\", " + more + "}\n";
}

const std::string app =
  "backends:\n- {name: app, servers: [{name: a1, address: \"h:80\"}]}\n";

} // namespace

CAF_TEST(names differ within their kind) {
  const auto text = "frontends:\n" + frontend("app", "127.0.0.1:80")
                  + frontend("app", "127.0.0.1:81") + app
                  + "- {name: app, servers: [{name: s, address: \"h:80\"},"
                    " {name: s, address: \"h:81\"}]}\n";
  CAF_CHECK_EQUAL(problems_of(text),
                  "f:3:10: frontends[1].name: got \"app\", already the name of "
                  "frontends[0]; names must differ\n"
                  "f:6:10: backends[1].name: got \"app\", already the name of "
                  "backends[0]; names must differ\n"
                  "f:6:60: backends[1].servers[1].name: got \"s\", already the "
                  "name of backends[1].servers[0]; names must differ\n");
}

CAF_TEST(the backend of a frontend exists) {
  const auto text = [](const std::string& backend) {
    return "frontends:\n"
         + frontend("web", "127.0.0.1:80", "backend: " + backend) + app;
  };
  CAF_CHECK_EQUAL(problems_of(text("app")), "");
  CAF_CHECK_EQUAL(problems_of(text("ap")),
                  "f:2:48: frontends[0].backend: no backend is named \"ap\"; "
                  "did you mean \"app\"?\n");
  CAF_CHECK_EQUAL(problems_of(text("static")),
                  "f:2:48: frontends[0].backend: no backend is named "
                  "\"static\"; there are: app\n");
}

CAF_TEST(a backend with a bad name does not make its frontends wrong too) {
  CAF_CHECK_EQUAL(
    parsing::parse("frontends:\n"
                   + frontend("web", "127.0.0.1:80", "backend: app") + "\n"
                   + "backends: [{name: app!, servers: [{name: a1, address: "
                     "\"h:80\"}]}]\n")
      .problems.size(),
    1u);
}

CAF_TEST(no two parts listen on one address) {
  const auto text = "metrics: {listen: \"127.0.0.1:9090\"}\nfrontends:\n"
                  + frontend("a", "[::1]:80") + frontend("b", "[0:0::1]:80")
                  + frontend("c", "127.0.0.1:9090")
                  + frontend("d", "unix:/run/a") + frontend("e", "unix:/run/a")
                  + app;
  CAF_CHECK_EQUAL(
    problems_of(text),
    "f:4:21: frontends[1].listen: got \"[0:0::1]:80\", already "
    "used by frontends[0].listen\n"
    "f:5:21: frontends[2].listen: got \"127.0.0.1:9090\", already "
    "used by metrics.listen\n"
    "f:7:21: frontends[4].listen: got \"unix:/run/a\", already "
    "used by frontends[3].listen\n");
}

CAF_TEST(addresses that only look alike are fine) {
  CAF_CHECK_EQUAL(problems_of("frontends:\n" + frontend("a", "127.0.0.1:0")
                              + frontend("b", "127.0.0.1:0")
                              + frontend("c", "127.0.0.1:80")
                              + frontend("d", "127.0.0.2:80") + app),
                  "");
}

CAF_TEST(an address that a default takes is found as well) {
  CAF_CHECK_EQUAL(
    problems_of("frontends:\n" + frontend("a", "127.0.0.1:9090") + app),
    "f:2:21: frontends[0].listen: got \"127.0.0.1:9090\", already "
    "used by metrics.listen (its default)\n");
}

CAF_TEST(a backend that no frontend uses is worth a warning) {
  CAF_CHECK_EQUAL(
    warnings_of("frontends:\n" + frontend("web", "127.0.0.1:80") + app
                + "- {name: old, servers: [{name: s, address: "
                  "\"h:80\"}]}\n"),
    "f:5:3: backends[1]: no frontend or route uses backend \"old\"\n");
}

CAF_TEST(weights that round_robin ignores are worth a warning) {
  const auto text = [](const std::string& algorithm) {
    return "frontends:\n"
         + frontend("web", "127.0.0.1:80",
                    "backend: app, algorithm: " + algorithm)
         + "backends:\n- name: app\n  servers:\n"
           "  - {name: a, address: \"h:80\", weight: 1}\n"
           "  - {name: b, address: \"h:81\", weight: 2}\n"
           "  - {name: c, address: \"h:82\", weight: 3}\n";
  };
  CAF_CHECK_EQUAL(warnings_of(text("weighted")), "");
  CAF_CHECK_EQUAL(
    warnings_of(text("round_robin")),
    "f:7:40: backends[0].servers[1].weight: has no effect, because frontend "
    "\"web\" uses round_robin; did you mean `algorithm: weighted`?\n");
}

CAF_TEST(keys that have no effect are worth a warning) {
  CAF_CHECK_EQUAL(
    warnings_of(
      "frontends:\n"
      + frontend("web", "127.0.0.1:80", "backend: app, protocol: tcp, http: {}")
      + "backends:\n- name: app\n  servers: [{name: a, address: "
        "\"h:80\"}]\n  health_check: {path: /live}\n"),
    "f:2:74: frontends[0].http: has no effect, because protocol is tcp\n"
    "f:6:24: backends[0].health_check.path: has no effect on a tcp check; did "
    "you mean `type: http`?\n");
}

CAF_TEST(a check that outlasts its interval is worth one warning) {
  const auto web = "frontends:\n" + frontend("web", "127.0.0.1:80")
                 + frontend("other", "127.0.0.1:81", "backend: b");
  const auto b = "- name: b\n  servers: [{name: b1, address: \"h:80\"}]\n";
  CAF_CHECK_EQUAL(
    warnings_of("health_check_defaults: {timeout: 3s}\n" + web + app + b),
    "f:1:34: health_check_defaults.timeout: the timeout 3s is "
    "longer than the interval 2s\n");
  CAF_CHECK_EQUAL(
    warnings_of(web + app + b + "  health_check: {interval: 500ms}\n"),
    "f:8:28: backends[1].health_check.interval: the timeout 1s is longer than "
    "the interval 500ms\n");
}

CAF_TEST(an open API is worth a warning) {
  CAF_CHECK_EQUAL(
    warnings_of("frontends:\n" + frontend("web", "127.0.0.1:80") + app
                + "admin: {listen: \"0.0.0.0:1\", insecure: true, tokens: "
                  "[{file: /t, role: read}]}\n"),
    "f:5:17: admin.listen: tokens cross the network unencrypted, because "
    "insecure is true\n");
}
