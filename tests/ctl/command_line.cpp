// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_command_line

#include "scripted_node.hpp"

#include "caf_test.hpp"

#include "ctl/verbs.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
using namespace troupe::ctl;

namespace {

struct fixture {
  fixture() { ::unsetenv("TROUPE_SOCKET"); }

  /// What is said about a wrong command line.
  std::string mistake(std::vector<std::string> words) {
    CAF_CHECK_EQUAL(node(std::move(words)), 2);
    CAF_CHECK(node.calls.empty());
    CAF_CHECK(node.out.empty());
    return node.err;
  }

  scripted_node node;
};

const std::vector<std::vector<std::string>> all_verbs{{"status"},
                                                      {"backends"},
                                                      {"why"},
                                                      {"drain"},
                                                      {"ready"},
                                                      {"maint"},
                                                      {"weight"},
                                                      {"actors"},
                                                      {"connections"},
                                                      {"close"},
                                                      {"log-level"},
                                                      {"version"},
                                                      {"config"},
                                                      {"config", "check"},
                                                      {"config", "show"},
                                                      {"config", "reload"},
                                                      {"nodes"},
                                                      {"config", "diff"},
                                                      {"config", "apply"},
                                                      {"config", "pull"},
                                                      {"config", "history"},
                                                      {"config", "rollback"},
                                                      {"cluster"},
                                                      {"cluster", "form"},
                                                      {"cluster", "recover"},
                                                      {"cluster", "adopt"},
                                                      {"completion"}};

size_t widest_line(const std::string& text) {
  size_t result = 0;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    result = std::max(result, line.size());
  return result;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(ctl_command_line_tests, fixture)

CAF_TEST(every verb has help with an example within 80 columns) {
  for (auto words : all_verbs) {
    const auto name = words.back();
    words.push_back("--help");
    CAF_CHECK_EQUAL(node(words), 0);
    CAF_CHECK(node.out.find("Examples:\n  troupectl " + words.front())
              != std::string::npos);
    CAF_MESSAGE(name << ": " << widest_line(node.out));
    CAF_CHECK(widest_line(node.out) <= 80);
  }
}

CAF_TEST(the list of verbs names every one of them) {
  CAF_CHECK_EQUAL(node({"--help"}), 0);
  for (const auto& words : all_verbs)
    CAF_CHECK(node.out.find("\n  " + words.front() + " ") != std::string::npos);
  CAF_CHECK(widest_line(node.out) <= 80);
}

CAF_TEST(a mistyped verb is met with the one that was meant) {
  CAF_CHECK_EQUAL(mistake({"drian", "app/a1"}),
                  "troupectl: \"drian\" is no verb; did you mean \"drain\"?\n");
  CAF_CHECK_EQUAL(mistake({"config", "chek"}),
                  "troupectl: \"chek\" is no verb of config; did you mean "
                  "\"check\"?\n");
  CAF_CHECK_EQUAL(mistake({"config"}),
                  "troupectl: a verb of config is missing: "
                  "check, show, reload, diff, apply, pull, history, "
                  "rollback\n");
}

CAF_TEST(what makes no sense never reaches the node) {
  mistake({});
  mistake({"--loud"});
  mistake({"status", "twice"});
  mistake({"status", "-o", "xml"});
  mistake({"drain"});
  mistake({"drain", "app"});
  mistake({"drain", "/a1"});
  mistake({"drain", "app/"});
  mistake({"drain", "app/a1", "--wait", "30"});
  mistake({"drain", "app/a1", "--wait", "25h"});
  mistake({"weight", "app/a1"});
  mistake({"weight", "app/a1", "0"});
  mistake({"weight", "app/a1", "1001"});
  mistake({"weight", "app/a1", "5", "--reset"});
  mistake({"connections", "--limit", "0"});
  mistake({"close", "seven"});
  mistake({"close", "-7"});
}

CAF_TEST(a weight of 0 is answered with what was meant) {
  CAF_CHECK(mistake({"weight", "app/a1", "0"}).find("troupectl drain")
            != std::string::npos);
}

CAF_TEST(
  the socket comes from the option then the environment then the default) {
  node.answers("GET /v1/log-level", 200, R"({"level":"info"})");
  node({"log-level"});
  CAF_CHECK_EQUAL(node.socket, "/run/troupe/admin.sock");
  ::setenv("TROUPE_SOCKET", "/tmp/of-environment", 1);
  node({"log-level"});
  CAF_CHECK_EQUAL(node.socket, "/tmp/of-environment");
  node({"--socket", "/tmp/first", "log-level", "--socket", "/tmp/of-option"});
  CAF_CHECK_EQUAL(node.socket, "/tmp/of-option");
  ::unsetenv("TROUPE_SOCKET");
}

CAF_TEST(checking a file asks no node and lists every problem) {
  auto pattern =
    (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
  CAF_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const auto file = pattern + "/t.yaml";
  std::ofstream{file} << "frontends: [{name: web}]\nbakends: []\n";
  CAF_CHECK_EQUAL(node({"config", "check", file}), 1);
  CAF_CHECK(node.calls.empty());
  CAF_CHECK(node.err.find(file + ":2:1: bakends: ") != std::string::npos);
  CAF_CHECK(node.err.find("troupectl: ") != std::string::npos);
  CAF_CHECK_EQUAL(node({"config", "check", file, "-o", "json"}), 1);
  CAF_CHECK(boost::json::parse(node.out).at("problems").as_array().size() >= 2);
  std::ofstream{file}
    << "frontends: [{name: web, listen: \"127.0.0.1:${node}\", "
       "backend: app}]\n"
       "backends: [{name: app, servers: [{name: a1, address: "
       "\"127.0.0.1:2\"}]}]\n";
  CAF_CHECK_EQUAL(node({"config", "check", file, "--node", "8080"}), 0);
  CAF_CHECK_EQUAL(node.out, file + ": ok\n");
  std::filesystem::remove_all(pattern);
}

CAF_TEST_FIXTURE_SCOPE_END()
