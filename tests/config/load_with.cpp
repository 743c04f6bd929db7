// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_load_with

#include "caf_test.hpp"

#include "config/shared.hpp"
#include "parsing.hpp"

using namespace troupe;

namespace {

constexpr std::string_view own = R"(global: {workers: 2}
frontends: this is not looked at
cluster:
  name: prod
  listen: 0.0.0.0:7946
  nodes: neither is this
  insecure: true
)";

constexpr std::string_view record = R"(health_check_defaults: {type: http}
frontends:
- {name: web, listen: "0.0.0.0:${PORT:-80}", backend: app}
backends:
- {name: app, servers: [{name: a1, address: "${node}.example:80"}]}
cluster:
  nodes:
  - {name: lb1, address: "lb1:7946"}
  - {name: lb2, address: "lb2:7946"}
)";

config::loaded parse(std::string_view shared, std::string_view text,
                     const std::string& node = "lb1") {
  return config::parse_with({std::string{shared}, "generation 7"}, text, "own",
                            node, nullptr);
}

std::string problems_of(std::string_view shared, std::string_view text) {
  return parsing::lines(parse(shared, text).problems);
}

} // namespace

CAF_TEST(shared sections come from the record and local ones from the file) {
  const auto result = parse(record, own);
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  const auto& read = result.settings;
  CAF_CHECK_EQUAL(read.global.workers, 2u);
  CAF_CHECK_EQUAL(read.cluster.name, "prod");
  CAF_CHECK_EQUAL(read.cluster.nodes.size(), 2u);
  CAF_REQUIRE_EQUAL(read.frontends.size(), 1u);
  CAF_CHECK_EQUAL(read.frontends[0].listen, "0.0.0.0:80");
  CAF_REQUIRE_EQUAL(read.backends.size(), 1u);
  CAF_CHECK(read.backends[0].health_check.type == check_type::http);
}

CAF_TEST(each node reads the record with its own variables) {
  for (const auto* node : {"lb1", "lb2"}) {
    const auto result = parse(record, own, node);
    CAF_REQUIRE(result.ok());
    CAF_CHECK_EQUAL(result.settings.backends[0].servers[0].address,
                    std::string{node} + ".example:80");
  }
}

CAF_TEST(a node that was removed reads the last record all the same) {
  CAF_CHECK_EQUAL(parsing::lines(parse(record, own, "lb9").problems), "");
}

CAF_TEST(problems name the text they are in and come all at once) {
  CAF_CHECK_EQUAL(
    problems_of("frontends:\n- {name: web, listen: \"0.0.0.0:${P}\", backend: "
                "nope}\nbackends: []\n",
                "global: {worker: 2}\n"),
    "generation 7:2:23: frontends[0].listen: variable P is not set; set it, or "
    "give a default as in ${P:-value}\n"
    "generation 7:2:48: frontends[0].backend: no backend is named \"nope\"\n"
    "generation 7:3:11: backends: got an empty list, expected at least one "
    "element\n"
    "own:1:10: global.worker: unknown key; did you mean \"workers\"?\n");
  const auto both = parse("frontends: [\n", "global: {\n").problems;
  CAF_REQUIRE_EQUAL(both.size(), 2u);
  CAF_CHECK_EQUAL(both[0].file, "generation 7");
  CAF_CHECK_EQUAL(both[1].file, "own");
}

CAF_TEST(an address may clash across the two texts) {
  const auto text = std::string{own} + "metrics: {listen: \"0.0.0.0:80\"}\n";
  CAF_CHECK_EQUAL(problems_of(record, text),
                  "generation 7:3:23: frontends[0].listen: got \"0.0.0.0:80\", "
                  "already used by metrics.listen\n");
}

CAF_TEST(a record lacks what a file may not lack either) {
  CAF_CHECK_EQUAL(problems_of("health_check_defaults: {}\n", own),
                  "generation 7: required key \"frontends\" is missing\n"
                  "generation 7: required key \"backends\" is missing\n"
                  "own:4:3: cluster: required key \"nodes\" is missing\n");
  CAF_CHECK_EQUAL(problems_of("", own),
                  "generation 7: empty; it needs at least frontends and "
                  "backends\n");
  CAF_CHECK_EQUAL(problems_of("- x\n", own),
                  "generation 7:1:1: got a list, expected a map of sections "
                  "such as frontends and backends\n");
}

CAF_TEST(a record cannot set what is the own of each node) {
  CAF_CHECK_EQUAL(
    problems_of(std::string{record} + "  insecure: true\nglobal: {user: x}\n",
                own),
    "generation 7:7:3: cluster: each node's own, except its nodes\n"
    "generation 7:11:1: global: each node's own, not the cluster's; only "
    "health_check_defaults, frontends, backends and cluster.nodes are "
    "shared\n");
}

CAF_TEST(a file without a cluster cannot take part in one) {
  CAF_CHECK_EQUAL(
    problems_of(record, "global: {}\n"),
    "generation 7:7:3: cluster: required key \"name\" is missing\n"
    "generation 7:7:3: cluster: required key \"listen\" is missing\n"
    "generation 7:7:3: cluster: nodes need certificates to trust each other; "
    "add `tls: {ca: ..., certificate: ..., key: ...}`, or write `insecure: "
    "true` to run without them\n");
}

CAF_TEST(either text changes the hash) {
  const auto hash = parse(record, own).hash;
  CAF_CHECK_EQUAL(parse(record, own).hash, hash);
  CAF_CHECK_NOT_EQUAL(parse(std::string{record} + "#", own).hash, hash);
  CAF_CHECK_NOT_EQUAL(parse(record, std::string{own} + "#").hash, hash);
}

CAF_TEST(a file that cannot be read is named) {
  const auto result =
    config::load_with({std::string{record}, "candidate"}, "/no/such", "lb1");
  CAF_CHECK_EQUAL(parsing::lines(result.problems),
                  "/no/such: cannot be read: No such file or directory\n");
}
