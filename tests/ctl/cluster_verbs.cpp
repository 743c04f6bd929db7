// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_cluster_verbs

#include "scripted_node.hpp"

#include "caf_test.hpp"

#include "ctl/file.hpp"

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
using namespace troupe::ctl;

namespace {

constexpr auto nodes_answer =
  R"({"cluster":"prod","node":"lb1","has_majority":true,)"
  R"("votes":true,"standing":"voter","committed":{"epoch":1,"generation":4},)"
  R"("applied":{"epoch":1,"generation":4},"obstacle":"","conflict":"",)"
  R"("nodes":[{"name":"lb1","address":"h1:7946","state":"self",)"
  R"("votes":true,"text":""},)"
  R"({"name":"lb2","address":"h2:7946","state":"alive",)"
  R"("votes":false,"text":""},)"
  R"({"name":"lb3","address":"h3:7946","state":"gone","text":"no answer"}]})";

/// Generations 3 and 4, the second one committed.
constexpr auto history_answer =
  R"({"committed":{"epoch":1,"generation":4},"history":[)"
  R"({"epoch":1,"generation":3,"author":"uid 0","node":"lb2","message":"",)"
  R"("time_ms":86400000,"superseded":false,)"
  R"("text":"backends:\n  - name: old\n"},)"
  R"({"epoch":1,"generation":4,"author":"uid 1000","node":"lb1",)"
  R"("message":"more","time_ms":90061000,"superseded":false,)"
  R"("text":"backends:\n  - name: app\n"}]})";

std::string decided(const std::string& outcome, const std::string& rest = "") {
  return R"({"outcome":")" + outcome
       + R"(","epoch":1,"generation":5,"text":"so it is","refusals":[],)"
         R"("not_checked":["lb3"],"other":null)"
       + rest + "}";
}

struct fixture {
  fixture() {
    auto pattern =
      (std::filesystem::temp_directory_path() / "troupectl.XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    file = (directory / "troupe.yaml").string();
    node.answers("GET /v1/nodes", 200, nodes_answer);
    node.answers("GET /v1/config/history", 200, history_answer);
  }
  ~fixture() { std::filesystem::remove_all(directory); }

  void write(const std::string& text) { std::ofstream{file} << text; }
  bool said(const std::string& words) const {
    return node.out.find(words) != std::string::npos;
  }
  bool complained(const std::string& words) const {
    return node.err.find(words) != std::string::npos;
  }

  std::filesystem::path directory;
  std::string file;
  scripted_node node;
};

constexpr auto new_text = "global:\n  workers: 1\nbackends:\n  - name: new\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(ctl_cluster_verbs_tests, fixture)

CAF_TEST(nodes are shown with what keeps them apart) {
  CAF_CHECK_EQUAL(node({"nodes"}), 0);
  CAF_CHECK(said("prod, seen by lb1\n"));
  CAF_CHECK(said("NODE  ADDRESS  STATE  VOTES  WHY\n"));
  CAF_CHECK(said("lb1   h1:7946  self   yes\n"));
  CAF_CHECK(said("lb2   h2:7946  alive  no\n"));
  // lb3 has not said, or is older.
  CAF_CHECK(said("lb3   h3:7946  gone   -      no answer\n"));
  CAF_CHECK(!said("obstacle"));
  CAF_CHECK(!said("way out"));
}

CAF_TEST(a node without a vote says why in words and names the way out) {
  std::string text{nodes_answer};
  const std::string votes = R"("votes":true,"standing":"voter")";
  text.replace(text.find(votes), votes.size(),
               R"("votes":false,"standing":"voter",)"
               R"("no_vote":"the disk is full","way_out":"make room")");
  scripted_node other;
  other.answers("GET /v1/nodes", 200, text);
  CAF_CHECK_EQUAL(other({"nodes"}), 0);
  CAF_CHECK(other.out.find("votes       no: the disk is full\n")
            != std::string::npos);
  CAF_CHECK(other.out.find("way out     make room\n") != std::string::npos);
}

CAF_TEST(a generation that is not applied is told) {
  node.answers("GET /v1/config/history", 200, history_answer);
  scripted_node other;
  std::string text{nodes_answer};
  const std::string applied = R"("applied":{"epoch":1,"generation":4})";
  text.replace(text.find(applied), applied.size(),
               R"("applied":{"epoch":1,"generation":3})");
  other.answers("GET /v1/nodes", 200, text);
  CAF_CHECK_EQUAL(other({"nodes"}), 0);
  CAF_CHECK(other.out.find("4 is committed, but this node still runs 3")
            != std::string::npos);
}

CAF_TEST(a node of no cluster is one on its own) {
  scripted_node alone;
  alone.answers(
    "GET /v1/nodes", 200,
    R"({"cluster":"","node":"lb1","has_majority":true,"votes":true,)"
    R"("committed":{"epoch":0,"generation":2},)"
    R"("applied":{"epoch":0,"generation":2},"nodes":[{"name":"lb1",)"
    R"("address":"","state":"self","votes":true,"text":""}]})");
  CAF_CHECK_EQUAL(alone({"nodes"}), 0);
  CAF_CHECK(alone.out.find("none: lb1 is a node on its own\n")
            != std::string::npos);
  CAF_CHECK(alone.out.find("majority") == std::string::npos);
  alone.answers("GET /v1/status?node=lb1", 200, R"({"node":"lb1"})");
  CAF_CHECK_EQUAL(alone({"--node", "all", "status"}), 0);
  CAF_CHECK(alone.out.find("lb1\n") != std::string::npos);
}

CAF_TEST(a status that is degraded says why and fails) {
  scripted_node x;
  x.answers("GET /v1/status", 200,
            R"({"node":"lb1","ready":true,"cluster":{"name":"prod","nodes":3,)"
            R"("alive":2,"has_majority":true,"votes":true,"disputed":[]},)"
            R"("degraded":["node lb3 is gone: no answer"]})");
  CAF_CHECK_EQUAL(x({"status"}), 1);
  CAF_CHECK(x.out.find("prod: 2 of 3 nodes alive, a majority\n")
            != std::string::npos);
  CAF_CHECK(x.out.find("node lb3 is gone: no answer\n") != std::string::npos);
  CAF_CHECK(x.err.empty());
}

CAF_TEST(why has a line for each observer) {
  node.answers(
    "GET /v1/why/app/a1", 200,
    R"({"backend":"app","server":{"name":"a1","address":"h:1","endpoint":"h:1",)"
    R"("usable":false,"admin":"ready","weight":1,"in_flight":0},)"
    R"("rule":"verdict_down","explanation":"x","evidence":{"active":{},)"
    R"("passive":{}},"cluster":{"verdict":"down","in_force":true,)"
    R"("rule":"2 of 3 say down","observers":[{"node":"lb1","status":"down",)"
    R"("age_ms":400,"evidence":"connection refused","fresh":true,)"
    R"("counted":true},{"node":"lb2","status":"up","age_ms":90000,)"
    R"("evidence":"status 200","fresh":false,"counted":false}]}})");
  CAF_CHECK_EQUAL(node({"why", "app/a1"}), 0);
  CAF_CHECK(said("verdict     down: 2 of 3 say down\n"));
  CAF_CHECK(said("lb1       down    0.4s  yes          connection refused\n"));
  CAF_CHECK(said("lb2       up    1m 30s  no: too old  status 200\n"));
}

CAF_TEST(a change whose answer is lost may be decided and is never refused) {
  write(new_text);
  const std::vector<std::pair<std::string, std::vector<std::string>>> changes{
    {"POST /v1/config", {"config", "apply", file}},
    {"POST /v1/config/rollback", {"config", "rollback", "3"}},
    {"POST /v1/cluster/form", {"cluster", "form", "--from", "lb1", "--yes"}},
    {"POST /v1/cluster/adopt", {"cluster", "adopt", "lb1", "--yes"}},
    {"POST /v1/cluster/recover",
     {"cluster", "recover", "--nodes", "lb1", "--yes"}}};
  for (const auto& [call, words] : changes) {
    for (const auto code : {exit_code::failed, exit_code::incomplete}) {
      scripted_node lost;
      lost.answers("GET /v1/config/history", 200, history_answer);
      lost.loses(call, code);
      CAF_CHECK_EQUAL(lost(words), 4);
      CAF_CHECK(lost.err.find("may or may not be decided")
                != std::string::npos);
    }
    for (const auto& [status, code] :
         {std::pair{500u, 4}, {502u, 4}, {504u, 4}, {503u, 1}, {403u, 1}}) {
      scripted_node answering;
      answering.answers("GET /v1/config/history", 200, history_answer);
      answering.answers(call, status, R"({"error":"no"})");
      CAF_CHECK_EQUAL(answering(words), code);
    }
  }
}

CAF_TEST(a diff shows what a file would change in the cluster) {
  write(new_text);
  CAF_CHECK_EQUAL(node({"config", "diff", file}), 0);
  CAF_CHECK(said("--- generation 4\n"));
  CAF_CHECK(said("-  - name: app\n+  - name: new\n"));
  CAF_CHECK_EQUAL(node({"config", "diff", file, "--generation", "3"}), 0);
  CAF_CHECK(said("-  - name: old\n"));
  CAF_CHECK_EQUAL(node({"config", "diff", file, "--generation", "9"}), 1);
  CAF_CHECK(complained("generation 9 is not in the history"));
}

CAF_TEST(the node local sections of a file are no difference) {
  write("global:\n  workers: 7\nbackends:\n  - name: app\n");
  CAF_CHECK_EQUAL(node({"config", "diff", file}), 0);
  CAF_CHECK(said("has the shared sections of generation 4\n"));
}

CAF_TEST(a committed change shows each check and ends with 0) {
  write(new_text);
  node.answers("POST /v1/config", 200, decided("committed"));
  CAF_CHECK_EQUAL(node({"config", "apply", file, "-m", "b2"}), 0);
  CAF_CHECK(said("+  - name: new\n"));
  CAF_CHECK(said("lb1   ok\n"));
  CAF_CHECK(said("lb3   no answer\n"));
  CAF_CHECK(said("so it is\n"));
  CAF_CHECK_EQUAL(
    node.calls[1],
    R"(POST /v1/config {"text":"backends:\n  - name: new\n","message":"b2",)"
    R"("base":4,"force":false,"rebase":false})");
}

CAF_TEST(a refused change names the node and its reason and ends with 1) {
  write(new_text);
  node.answers("POST /v1/config", 409,
               R"({"outcome":"refused","epoch":1,"generation":4,"text":"no",)"
               R"("refusals":[{"node":"lb2","problems":["port 80 is taken"]}],)"
               R"("not_checked":[],"other":null})");
  CAF_CHECK_EQUAL(node({"config", "apply", file}), 1);
  CAF_CHECK(said("lb2   refused\n"));
  CAF_CHECK(said("lb2: port 80 is taken\n"));
  CAF_CHECK_EQUAL(node.err, "troupectl: refused: no\n");
}

CAF_TEST(a change that may be decided ends with 4) {
  write(new_text);
  node.answers("POST /v1/config", 202, decided("unknown"));
  CAF_CHECK_EQUAL(node({"config", "apply", file}), 4);
  CAF_CHECK(complained("the change may or may not be decided: so it is"));
}

CAF_TEST(a conflict tells who came first) {
  write(new_text);
  auto answer = decided("conflict");
  answer.replace(answer.find("null"), 4,
                 R"({"generation":5,"author":"uid 7","node":"lb3",)"
                 R"("message":"hurry"})");
  node.answers("POST /v1/config", 409, answer);
  CAF_CHECK_EQUAL(node({"config", "apply", file}), 1);
  CAF_CHECK(complained("conflict: so it is; generation 5 is by uid 7 on lb3: "
                       "hurry"));
}

CAF_TEST(an old copy of the file takes nothing back unless told to) {
  write("backends:\n  - name: old\n");
  CAF_CHECK_EQUAL(node({"config", "apply", file}), 1);
  CAF_CHECK(complained("is a copy of generation 3, but the cluster is at 4"));
  CAF_CHECK_EQUAL(node.calls.size(), 1u);
  node.answers("POST /v1/config", 200, decided("committed"));
  CAF_CHECK_EQUAL(node({"config", "apply", file, "--rebase"}), 0);
}

CAF_TEST(a file that cannot be read asks nobody) {
  CAF_CHECK_EQUAL(node({"config", "apply", file}), 1);
  CAF_CHECK(complained("No such file or directory"));
  CAF_CHECK(node.calls.empty());
  write("backends: [\n");
  CAF_CHECK_EQUAL(node({"config", "apply", file}), 1);
  CAF_CHECK(node.calls.empty());
}

CAF_TEST(pull writes what is agreed on and keeps the rest and the mode) {
  write(new_text);
  ::chmod(file.c_str(), 0640);
  CAF_CHECK_EQUAL(node({"config", "pull", file}), 0);
  CAF_CHECK_EQUAL(read_file(file),
                  "global:\n  workers: 1\nbackends:\n  - name: app\n");
  CAF_CHECK(std::filesystem::status(file).permissions()
            == std::filesystem::perms{0640});
  CAF_CHECK_EQUAL(node({"config", "pull", file}), 0);
  CAF_CHECK(said("already has the shared sections of generation 4\n"));
}

CAF_TEST(the history tells when and by whom and a text whole) {
  CAF_CHECK_EQUAL(node({"config", "history"}), 0);
  CAF_CHECK(said("  3  1970-01-02 00:00:00             lb2   uid 0\n"));
  CAF_CHECK(
    said("  4  1970-01-02 01:01:01  committed  lb1   uid 1000\n     more\n"));
  CAF_CHECK_EQUAL(node({"config", "history", "3"}), 0);
  CAF_CHECK_EQUAL(node.out, "backends:\n  - name: old\n");
}

CAF_TEST(a rollback proposes an old text) {
  node.answers("POST /v1/config/rollback", 200, decided("committed"));
  CAF_CHECK_EQUAL(node({"config", "rollback", "3", "-m", "no"}), 0);
  CAF_CHECK_EQUAL(
    node.calls[0],
    R"(POST /v1/config/rollback {"generation":3,"message":"no"})");
  CAF_CHECK_EQUAL(node({"config", "rollback"}), 2);
}

CAF_TEST(a recovery wants the name of the cluster typed) {
  node.answers("POST /v1/cluster/recover", 200, decided("committed"));
  CAF_CHECK_EQUAL(node({"cluster", "recover", "--nodes", "lb1,lb2"}), 2);
  CAF_CHECK(complained("--yes"));
  node.typed = "yes";
  CAF_CHECK_EQUAL(node({"cluster", "recover", "--nodes", "lb1,lb2"}), 1);
  CAF_CHECK(node.asked.find("continues as lb1, lb2 alone")
            != std::string::npos);
  CAF_CHECK_EQUAL(node.calls.size(), 1u);
  node.typed = "prod";
  CAF_CHECK_EQUAL(node({"cluster", "recover", "--nodes", "lb1,lb2"}), 0);
  CAF_CHECK_EQUAL(
    node.calls[1],
    R"(POST /v1/cluster/recover {"message":"","nodes":["lb1","lb2"]})");
}

CAF_TEST(scripts form and adopt without being asked) {
  node.typed.reset();
  node.answers("POST /v1/cluster/form", 200, decided("committed"));
  node.answers("POST /v1/cluster/adopt", 200, decided("no_op"));
  CAF_CHECK_EQUAL(node({"cluster", "form", "--from", "lb1", "--yes"}), 0);
  CAF_CHECK_EQUAL(node.calls[0],
                  R"(POST /v1/cluster/form {"message":"","node":"lb1"})");
  CAF_CHECK_EQUAL(node({"cluster", "adopt", "lb2", "--yes"}), 0);
  CAF_CHECK_EQUAL(node.out, "nothing to do: so it is\n");
}

CAF_TEST(a drain that one node has not confirmed is incomplete) {
  node.answers("POST /v1/servers/app/a1", 200,
               R"({"backend":"app","server":"a1","in_force":["lb2","lb1"],)"
               R"("missing":["lb3"]})");
  CAF_CHECK_EQUAL(node({"drain", "app/a1"}), 3);
  CAF_CHECK_EQUAL(node.out, "app/a1 is set to drain on lb1, lb2\n");
  CAF_CHECK(complained("not confirmed by lb3"));
  CAF_CHECK_EQUAL(node({"weight", "app/a1", "5"}), 3);
  CAF_CHECK_EQUAL(node.out, "app/a1 has weight 5 on lb1, lb2\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
