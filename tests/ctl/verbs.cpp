// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_verbs

#include "scripted_node.hpp"

#include "caf_test.hpp"

#include <sstream>

using namespace troupe;
using namespace troupe::ctl;

namespace {

constexpr auto status_answer =
  R"({"node":"lb1","version":"0.1.0","uptime_s":5102,"ready":true,)"
  R"("ready_why":"","workers":2,"connections":812,"connection_limit":65472,)"
  R"("generation":4,"last_reload_ok":true,"backends":[{"name":"app",)"
  R"("servers":3,"usable":2,"healthy":3,"fail_open":false}],"unanswered":[]})"
  "\n";

/// The part of an answer that tells of a server.
std::string server(const std::string& keys) {
  return R"({"name":"a1","address":"app1:8080","endpoint":"10.0.0.1:8080",)"
         R"("weight":1,)"
       + keys + "}";
}

std::string backend(const std::string& keys) {
  return R"({"name":"app","servers":[)" + server(keys) + "]}";
}

std::string changed(const std::string& keys) {
  return R"({"backend":"app","server":)" + server(keys) + "}\n";
}

struct fixture {
  bool said(const std::string& words) const {
    return node.out.find(words) != std::string::npos;
  }
  bool complained(const std::string& words) const {
    return node.err.find(words) != std::string::npos;
  }

  scripted_node node;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ctl_verbs_tests, fixture)

// -- output
// ---------------------------------------------------------------------

CAF_TEST(status is shown in words) {
  node.answers("GET /v1/status", 200, status_answer);
  CAF_CHECK_EQUAL(node({"status"}), 0);
  CAF_CHECK(said("lb1, trouped 0.1.0, up for 1h 25m\n"));
  CAF_CHECK(said("812 of at most 65472\n"));
  CAF_CHECK(said("app            3       2        3\n"));
  CAF_CHECK(node.err.empty());
}

CAF_TEST(json is exactly what the node answered) {
  node.answers("GET /v1/status", 200, status_answer);
  CAF_CHECK_EQUAL(node({"-o", "json", "status"}), 0);
  CAF_CHECK_EQUAL(node.out, status_answer);
  CAF_CHECK_EQUAL(node({"status", "-o", "json"}), 0);
  CAF_CHECK_EQUAL(node.out, status_answer);
}

CAF_TEST(a part that did not answer makes the exit code 3) {
  node.answers(
    "GET /v1/connections?limit=100", 200,
    R"({"connections":[],"truncated":false,"unanswered":["worker 1"]})");
  CAF_CHECK_EQUAL(node({"connections"}), 3);
  CAF_CHECK(said("no connections\n"));
  CAF_CHECK(complained("no answer in time from worker 1"));
}

CAF_TEST(a node that answers too late itself is exit code 3 as well) {
  node.answers("GET /v1/config", 504, R"({"error":"config did not answer"})");
  CAF_CHECK_EQUAL(node({"config", "show"}), 3);
  CAF_CHECK_EQUAL(node.err, "troupectl: config did not answer\n");
}

CAF_TEST(a refusal as json is shown whole) {
  const std::string refusal =
    R"({"error":"2 problems; kept","problems":["x","y"]})";
  node.answers("POST /v1/reload", 422, refusal);
  CAF_CHECK_EQUAL(node({"config", "reload", "-o", "json"}), 1);
  CAF_CHECK_EQUAL(node.out, refusal);
}

CAF_TEST(problems of a reload stand on lines of their own) {
  node.answers(
    "POST /v1/reload", 422,
    R"({"error":"2 problems; kept","problems":["f:1:1: x","f:2:1: y"]})");
  CAF_CHECK_EQUAL(node({"config", "reload"}), 1);
  CAF_CHECK_EQUAL(node.err,
                  "f:1:1: x\nf:2:1: y\ntroupectl: 2 problems; kept\n");
  CAF_CHECK(node.out.empty());
}

// -- servers
// --------------------------------------------------------------------

CAF_TEST(the state of a server is one word) {
  const auto shown = [&](const std::string& keys) {
    scripted_node one;
    one.answers("GET /v1/backends/app", 200, backend(keys));
    CAF_REQUIRE_EQUAL(one({"backends", "app"}), 0);
    std::istringstream in{one.out};
    std::string line;
    std::string state;
    std::getline(in, line);
    in >> line >> state;
    return state;
  };
  CAF_CHECK_EQUAL(shown(R"("usable":true,"healthy":true,"admin":"ready")"),
                  "up");
  CAF_CHECK_EQUAL(shown(R"("usable":true,"healthy":false,"admin":"ready")"),
                  "forced");
  CAF_CHECK_EQUAL(shown(R"("usable":false,"healthy":false,"admin":"drain")"),
                  "down");
  CAF_CHECK_EQUAL(shown(R"("usable":false,"healthy":true,"admin":"drain")"),
                  "drain");
  CAF_CHECK_EQUAL(shown(R"("usable":false,"healthy":true,"admin":"ready")"),
                  "idle");
}

CAF_TEST(names are encoded where they stand in a path) {
  node.answers("GET /v1/backends/a%20b%3F", 200, backend(R"("usable":true)"));
  CAF_CHECK_EQUAL(node({"backends", "a b?"}), 0);
}

CAF_TEST(watching goes on until the node is gone) {
  node.answers("GET /v1/backends", 200, R"({"backends":[],"unanswered":[]})");
  node.answers("GET /v1/backends", 200, R"({"backends":[],"unanswered":[]})");
  node.answers("GET /v1/backends", 503, R"({"error":"stopping"})");
  CAF_CHECK_EQUAL(node({"backends", "-w"}), 1);
  CAF_CHECK_EQUAL(node.calls.size(), 3u);
  CAF_CHECK_EQUAL(node.out, "no servers\n\nno servers\n");
}

CAF_TEST(a drain says what is still under way) {
  node.answers("POST /v1/servers/app/a1", 200,
               changed(R"("admin":"drain","in_flight":3)"));
  CAF_CHECK_EQUAL(node({"drain", "app/a1"}), 0);
  CAF_CHECK_EQUAL(node.calls.size(), 1u);
  CAF_CHECK_EQUAL(node.calls.front(),
                  R"(POST /v1/servers/app/a1 {"admin":"drain"})");
  CAF_CHECK_EQUAL(node.out, "app/a1 is set to drain; 3 requests or streams are "
                            "under way\n");
}

CAF_TEST(a drain that waits looks until nothing is under way) {
  node.answers("POST /v1/servers/app/a1", 200,
               changed(R"("admin":"drain","in_flight":0)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"drain","in_flight":1)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"drain","in_flight":1)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"drain","in_flight":0)"));
  CAF_CHECK_EQUAL(node({"drain", "app/a1", "--wait", "30s"}), 0);
  CAF_CHECK_EQUAL(node.calls.size(), 4u);
  CAF_CHECK(said("nothing is under way"));
  CAF_CHECK(node.err.empty());
}

CAF_TEST(a drain that takes too long is a failure and stays) {
  node.answers("POST /v1/servers/app/a1", 200,
               changed(R"("admin":"drain","in_flight":1)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"drain","in_flight":1)"));
  CAF_CHECK_EQUAL(node({"drain", "app/a1", "--wait", "1s"}), 1);
  CAF_CHECK_EQUAL(node.err,
                  "troupectl: app/a1 is set to drain, but after 1s: 1 "
                  "request or stream is under way\n");
  CAF_CHECK(node.out.empty());
}

CAF_TEST(progress is shown on a terminal only and wiped away) {
  node.progress_on.terminal = true;
  node.answers("POST /v1/servers/app/a1", 200,
               changed(R"("admin":"maint","in_flight":1)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"maint","in_flight":1)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"maint","in_flight":0)"));
  CAF_CHECK_EQUAL(node({"maint", "app/a1", "--wait", "10s"}), 0);
  CAF_CHECK(complained("waiting for another 9s"));
  CAF_CHECK(node.err.ends_with("\r\033[K"));
}

CAF_TEST(ready waits until the server is used) {
  node.answers("POST /v1/servers/app/a1", 200,
               changed(R"("admin":"ready","usable":false)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"ready","usable":false)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"ready","usable":true)"));
  CAF_CHECK_EQUAL(node({"ready", "app/a1", "--wait", "5s"}), 0);
  CAF_CHECK_EQUAL(node.out, "app/a1 is set to ready and used\n");
}

CAF_TEST(waiting ends when somebody else wants otherwise) {
  node.answers("POST /v1/servers/app/a1", 200, changed(R"("in_flight":1)"));
  node.answers("GET /v1/why/app/a1", 200,
               changed(R"("admin":"ready","in_flight":1)"));
  CAF_CHECK_EQUAL(node({"drain", "app/a1", "--wait", "30s"}), 1);
  CAF_CHECK_EQUAL(node.calls.size(), 2u);
  CAF_CHECK(complained("was set to ready by another operator"));
}

CAF_TEST(a count that is not told is not taken for none) {
  const auto silent = changed(R"("admin":"drain")");
  node.answers("POST /v1/servers/app/a1", 200, silent);
  node.answers("GET /v1/why/app/a1", 200, silent);
  CAF_CHECK_EQUAL(node({"drain", "app/a1", "--wait", "1s"}), 1);
}

CAF_TEST(waiting as json prints one document) {
  const auto last = changed(R"("admin":"drain","in_flight":0)");
  node.answers("POST /v1/servers/app/a1", 200,
               changed(R"("admin":"drain","in_flight":1)"));
  node.answers("GET /v1/why/app/a1", 200, last);
  CAF_CHECK_EQUAL(node({"drain", "app/a1", "--wait", "5s", "-o", "json"}), 0);
  CAF_CHECK_EQUAL(node.out, last);
}

CAF_TEST(a message is sent along) {
  node.answers("POST /v1/servers/app/a1", 200, changed(R"("admin":"drain")"));
  CAF_CHECK_EQUAL(node({"drain", "app/a1", "-m", "kernel"}), 0);
  CAF_CHECK_EQUAL(
    node.calls.front(),
    R"(POST /v1/servers/app/a1 {"admin":"drain","message":"kernel"})");
  CAF_CHECK_EQUAL(node({"drain", "app/a1", "-m", std::string(501, 'x')}), 2);
}

CAF_TEST(a weight is set or reset) {
  node.answers("POST /v1/servers/app/a1", 200, changed(R"("admin":"ready")"));
  CAF_CHECK_EQUAL(node({"weight", "app/a1", "1"}), 0);
  CAF_CHECK_EQUAL(node.calls.front(),
                  R"(POST /v1/servers/app/a1 {"weight":1})");
  CAF_CHECK_EQUAL(node({"weight", "app/a1", "--reset"}), 0);
  CAF_CHECK_EQUAL(node.calls.front(),
                  R"(POST /v1/servers/app/a1 {"reset_weight":true})");
}

CAF_TEST(an unknown server comes with the way to find the known ones) {
  node.answers("POST /v1/servers/app/a9", 404,
               R"({"error":"backend app has no server \"a9\""})");
  CAF_CHECK_EQUAL(node({"drain", "app/a9"}), 1);
  CAF_CHECK(complained("\"troupectl backends\" lists"));
}

CAF_TEST(why without evidence is incomplete) {
  node.answers(
    "GET /v1/why/app/a1", 200,
    R"({"backend":"app","server":)" + server(R"("usable":true)")
      + R"(,"rule":"up","explanation":"it is healthy","evidence":null})");
  CAF_CHECK_EQUAL(node({"why", "app/a1"}), 3);
  CAF_CHECK(said("it is healthy (rule up)"));
  CAF_CHECK(said("its health checker did not answer"));
}

CAF_TEST(why tells the evidence) {
  node.answers(
    "GET /v1/why/app/a1", 200,
    R"({"backend":"app","server":)" + server(R"("usable":false)")
      + R"(,"rule":"own_down","explanation":"probes find it down","evidence":)"
        R"({"active":{"status":"down","confirmed":true,"successes_in_row":0,)"
        R"("failures_in_row":3,"since_ms":41200,"probes":977,)"
        R"("last":"connection refused","last_ms_ago":812},"passive":)"
        R"({"vetoed":false,"ejected":true,"ejections":1,"cooldown_ms":12000}}})");
  CAF_CHECK_EQUAL(node({"why", "app/a1"}), 0);
  CAF_CHECK(said("down for 41s; 3 failed in a row; 977 probes so far\n"));
  CAF_CHECK(said("connection refused, 0.8s ago\n"));
  CAF_CHECK(said("not vetoed, ejected for another 12s; 1 ejection so far\n"));
}

// -- actors and connections
// -----------------------------------------------------

CAF_TEST(the tree shows who started whom) {
  node.answers(
    "GET /v1/actors", 200,
    R"({"actors":[)"
    R"({"id":9,"kind":"router","name":"app","where":"control","mailbox":1},)"
    R"({"id":4,"kind":"supervisor","name":"","where":"control"},)"
    R"({"id":12,"kind":"listener","name":"web","where":"worker 0"},)"
    R"({"id":6,"kind":"worker","name":"","where":"worker 0"},)"
    R"({"id":7,"kind":"worker","name":"","where":"worker 1"}],)"
    R"("connections":[{"where":"worker 0","count":401}],"unanswered":[]})");
  CAF_CHECK_EQUAL(node({"actors", "--tree"}), 0);
  std::istringstream in{node.out};
  std::string names;
  for (std::string line; std::getline(in, line);)
    names += line.substr(0, line.find("    ")) + '\n';
  CAF_CHECK(names.find("supervisor\n"
                       "|- router app\n"
                       "|- worker 0\n"
                       "|  |- listener web\n"
                       "|  `- 401 connections\n"
                       "`- worker 1\n")
            != std::string::npos);
}

CAF_TEST(a cut list of connections says so) {
  node.answers(
    "GET /v1/connections?limit=1", 200,
    R"({"connections":[{"id":4294967301,"frontend":"web","client":)"
    R"("198.51.100.7:51544","server":"","phase":"idle","requests":0,)"
    R"("age_ms":10}],"truncated":true,"unanswered":[]})");
  CAF_CHECK_EQUAL(node({"connections", "--limit", "1"}), 0);
  CAF_CHECK(said("4294967301"));
  CAF_CHECK(complained("there are more than 1"));
}

CAF_TEST(closing a connection is told to the node) {
  node.answers("POST /v1/connections/7/close", 202, R"({"id":7})");
  CAF_CHECK_EQUAL(node({"close", "7"}), 0);
  CAF_CHECK_EQUAL(node.calls.front(), "POST /v1/connections/7/close");
}

// -- the node
// -------------------------------------------------------------------

CAF_TEST(the log level is shown and set) {
  node.answers("GET /v1/log-level", 200, R"({"level":"info"})");
  node.answers("PUT /v1/log-level", 200, R"({"level":"debug"})");
  CAF_CHECK_EQUAL(node({"log-level"}), 0);
  CAF_CHECK_EQUAL(node.out, "info\n");
  CAF_CHECK_EQUAL(node({"log-level", "debug"}), 0);
  CAF_CHECK_EQUAL(node.out, "debug\n");
  CAF_CHECK_EQUAL(node({"log-level", "loud"}), 2);
}

CAF_TEST(the own version is told even if no node answers) {
  CAF_CHECK_EQUAL(node({"version"}), 1);
  CAF_CHECK_EQUAL(node.out, "troupectl " TROUPE_VERSION "\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
