// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_variables

#include "config/variables.hpp"

#include "caf_test.hpp"

#include "parsing.hpp"

using namespace troupe::config;

namespace {

std::optional<std::string> lookup(std::string_view name) {
  if (name == "PORT")
    return "8080";
  if (name == "EMPTY")
    return "";
  if (name == "NESTED")
    return "${PORT}";
  if (name == "LONG")
    return std::string(value_size_max, 'x');
  return std::nullopt;
}

substituted run(std::string_view value) {
  return substitute(value, "lb1", lookup);
}

} // namespace

CAF_TEST(variables are replaced wherever they stand) {
  CAF_CHECK_EQUAL(run("plain").text, "plain");
  CAF_CHECK_EQUAL(run("${PORT}").text, "8080");
  CAF_CHECK_EQUAL(run("h:${PORT}/${PORT}!").text, "h:8080/8080!");
  CAF_CHECK_EQUAL(run("").text, "");
}

CAF_TEST(a default stands in for what is unset or empty) {
  CAF_CHECK_EQUAL(run("${NONE:-80}").text, "80");
  CAF_CHECK_EQUAL(run("${NONE:-}").text, "");
  CAF_CHECK_EQUAL(run("${EMPTY:-80}").text, "80");
  CAF_CHECK_EQUAL(run("${PORT:-80}").text, "8080");
  CAF_CHECK_EQUAL(run("${NONE:-a:-b}").text, "a:-b");
  CAF_CHECK_EQUAL(run("[${EMPTY}]").text, "[]");
}

CAF_TEST(node is the name of this node) {
  CAF_CHECK_EQUAL(run("/etc/${node}.pem").text, "/etc/lb1.pem");
}

CAF_TEST(two dollars are one and a lone dollar is itself) {
  CAF_CHECK_EQUAL(run("$$").text, "$");
  CAF_CHECK_EQUAL(run("$${PORT}").text, "${PORT}");
  CAF_CHECK_EQUAL(run("$$${PORT}").text, "$8080");
  CAF_CHECK_EQUAL(run("cost $5, $PORT $").text, "cost $5, $PORT $");
}

CAF_TEST(replaced text is not looked at again) {
  CAF_CHECK_EQUAL(run("${NESTED}").text, "${PORT}");
}

CAF_TEST(every variable that is not set is a fault) {
  const auto result = run("${A} ${PORT} ${B}");
  CAF_REQUIRE_EQUAL(result.faults.size(), 2u);
  CAF_CHECK_EQUAL(result.faults[0], "variable A is not set; set it, or give a "
                                    "default as in ${A:-value}");
  CAF_CHECK(result.faults[1].starts_with("variable B is not set"));
}

CAF_TEST(malformed references are faults) {
  CAF_CHECK_EQUAL(run("a ${PORT").faults.size(), 1u);
  for (auto bad : {"${}", "${1A}", "${A B}", "${:-x}", "${${A}}", "${a-b}"})
    CAF_CHECK_EQUAL(run(bad).faults.size(), 1u);
}

CAF_TEST(a value does not grow without bound) {
  CAF_CHECK(run("${LONG}").faults.empty());
  CAF_CHECK_EQUAL(run("${LONG}${LONG}${LONG}").faults.size(), 1u);
}

CAF_TEST(a missing variable is a problem at its place) {
  CAF_CHECK_EQUAL(
    parsing::problems_of(
      "frontends: [{name: w, listen: \"${IP}:${PORT}\", backend: a}]\n"
      "backends: [{name: a, servers: [{name: s, address: \"h:${PORT}\"}]}]\n"),
    "f:1:31: frontends[0].listen: variable IP is not set; set it, or give a "
    "default as in ${IP:-value}\n");
}

CAF_TEST(keys are taken as they are written) {
  CAF_CHECK_EQUAL(
    parsing::problems_of(
      "frontends: [{name: w, listen: \"127.0.0.1:80\", backend: a}]\n"
      "backends: [{name: a, servers: [{name: s, address: \"h:80\"}]}]\n"
      "${PORT}: 1\n"),
    "f:3:1: ${PORT}: unknown key; allowed here: version, global, admin, "
    "metrics, health_check_defaults, frontends, backends, cluster\n");
}

CAF_TEST(replaced text never becomes structure) {
  const auto result = parsing::parse(
    "frontends: [{name: w, listen: \"127.0.0.1:80\", backend: a}]\n"
    "backends: [{name: a, servers: [{name: s, address: \"h:80\"}]}]\n"
    "global: {access_log: {path: \"${EVIL}\"}}\n");
  CAF_CHECK_EQUAL(parsing::lines(result.problems),
                  "f:3:29: global.access_log.path: got \"x\\nfrontends: []\", "
                  "expected text without control characters\n");
}
