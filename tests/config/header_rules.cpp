// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_header_rules
#include "caf_test.hpp"

#include "parsing.hpp"

using namespace troupe;
using parsing::parse;
using parsing::problems_of;

namespace {

/// `rules` is in line 5 of the file, from column 23 or 24 on.
std::string with(const std::string& rules, const std::string& of = "request") {
  return "frontends:\n- name: web\n  listen: \"127.0.0.1:80\"\n  backend: app\n"
         "  http: {"
       + of + "_headers: {" + rules
       + "}}\nbackends:\n"
         "- {name: app, servers: [{name: a1, address: \"h:80\"}]}\n";
}

header_rules read(const std::string& rules) {
  const auto result = parse(with(rules));
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  return result.settings.frontends.at(0).http.request_headers;
}

const std::string place = "frontends[0].http.request_headers.";

} // namespace

CAF_TEST(fields are removed and set and added and replaced) {
  const auto rules =
    read("remove: [X-A], set: {X-B: \"{host}\"}, add: {X-C: [1, \"{path}\"], "
         "X-D: 2}, replace: {X-E: {match: \"(a)\", to: '\\1{query}'}}");
  CAF_CHECK_EQUAL(rules.remove, std::vector<std::string>{"X-A"});
  using pairs = std::vector<std::pair<std::string, std::string>>;
  CAF_CHECK(rules.set == (pairs{{"X-B", "{host}"}}));
  CAF_CHECK(rules.add
            == (pairs{{"X-C", "1"}, {"X-C", "{path}"}, {"X-D", "2"}}));
  CAF_REQUIRE_EQUAL(rules.replace.size(), 1u);
  CAF_CHECK_EQUAL(rules.replace[0].first, "X-E");
  CAF_CHECK(
    (rules.replace[0].second == substitution_settings{"(a)", "\\1{query}"}));
}

CAF_TEST(an unknown variable is a problem and JSON is none) {
  CAF_CHECK_EQUAL(problems_of(with("set: {X-A: \"{hots}\"}")),
                  "f:5:39: " + place
                    + "set.X-A: got \"{hots}\", expected variables that there "
                      "are, such as {client_ip}, {host}, {path} or "
                      "{header:NAME}\n");
  CAF_CHECK_EQUAL(problems_of(with("add: {X-A: '{\"a\": {\"b\": 1}}'}")), "");
  for (const char* known :
       {"{client_ip} {client_port} {host} {port} {scheme} {method} {path}",
        "{query} {request_id} {node} {frontend} {route} {tls_version}",
        "{tls_cipher} {sni} {client_cert_subject} {client_cert_fingerprint}",
        "{header:X-A} {cookie:a}"})
    CAF_CHECK_EQUAL(
      problems_of(with("set: {X-A: \"" + std::string{known} + "\"}")), "");
}

CAF_TEST(the server is known in responses alone) {
  CAF_CHECK_EQUAL(problems_of(with("set: {X-A: \"{server}\"}", "response")),
                  "");
  CAF_CHECK_EQUAL(problems_of(with("add: {X-A: \"{server}\"}")),
                  "f:5:39: " + place
                    + "add.X-A: got \"{server}\", expected another variable: "
                      "{server} is known in headers of responses only\n");
}

CAF_TEST(a replacement is a good regex and groups that it has) {
  const auto told = [](const std::string& x) {
    return problems_of(with("replace: {X-A: {" + x + "}}"));
  };
  CAF_CHECK_EQUAL(told("match: \"a(\", to: b"),
                  "f:5:51: " + place
                    + "replace.X-A.match: got \"a(\", expected a regular "
                      "expression of RE2: missing ): a(\n");
  CAF_CHECK_EQUAL(told("match: \"(a)\", to: '\\2'"),
                  "f:5:62: " + place
                    + "replace.X-A.to: the regex has no group 2, it has 1\n");
  CAF_CHECK_EQUAL(told("match: a"),
                  "f:5:43: " + place
                    + "replace.X-A: required key \"to\" is missing\n");
  CAF_CHECK_EQUAL(told("match: \"\", to: a"),
                  "f:5:51: " + place
                    + "replace.X-A.match: got \"\", expected a regular "
                      "expression\n");
}

CAF_TEST(names that troupe writes itself are not touched) {
  CAF_CHECK_EQUAL(
    problems_of(with("replace: {x-forwarded-for: {match: a, to: b}}")),
    "f:5:55: " + place
      + "replace.x-forwarded-for: troupe writes this field "
        "itself; `set` says what it writes\n");
  CAF_CHECK(problems_of(with("add: {Host: a}"))
              .find("a header that troupe does not manage itself")
            != std::string::npos);
  CAF_CHECK_EQUAL(problems_of(with("replace: {X-A: {match: a, to: b}, "
                                   "x-a: {match: a, to: b}}")),
                  "f:5:62: " + place
                    + "replace.x-a: is there twice; header names are compared "
                      "without case\n");
}
