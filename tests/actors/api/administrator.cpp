// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_actor

#include "api/administrator.hpp"
#include "../control_fixture.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <optional>
#include <set>

using namespace std::chrono_literals;

namespace json = boost::json;

namespace troupe::actors {

namespace {

/// The scoped actor is every actor of the directory.
struct fixture : control_fixture {
  fixture() {
    node_facts facts;
    facts.node = "lb1";
    facts.version = "1.2.3";
    facts.started = sys.clock().now();
    facts.connection_limit = 1000;
    facts.set_log_level = [this](log_level x) { level = x; };
    facts.log_level_now = [this] { return level; };
    aut = periodic(sys.spawn<administrator>(std::move(facts)));
    auto everybody = caf::actor_cast<caf::strong_actor_ptr>(self);
    directory.backends.push_back({"app",
                                  caf::actor_cast<router_actor>(everybody),
                                  caf::actor_cast<health_actor>(everybody)});
    auto worker = caf::actor_cast<worker_actor>(everybody);
    directory.workers = {worker, worker};
    directory.config = caf::actor_cast<config_actor>(everybody);
    directory.metrics = caf::actor_cast<metrics_actor>(everybody);
    tell(directory);
    view.name = "app";
    view.generation = 3;
    view.servers.resize(1);
    view.servers[0].name = "a1";
    view.servers[0].state = {false, false, state_rule::own_down};
    config.file = "t.yaml";
    config.generation = 3;
    config.hash = 0xabc;
    evidence.resize(1);
    evidence[0].server = "a1";
    evidence[0].last_probe = "connection refused";
  }

  ~fixture() override { directory = {}; }

  template <class Message>
  void tell(Message message) {
    self->send(aut, std::move(message));
    consume_messages();
  }

  /// Sends a request; its answer lands in `got`.
  void call(const std::string& method, const std::string& path,
            const std::string& body = {}, api_door door = api_door::admin) {
    got.reset();
    auto request = std::make_shared<admin::request>();
    request->method = method;
    auto mark = path.find('?');
    request->path = path.substr(0, mark);
    if (mark != std::string::npos)
      request->query = path.substr(mark + 1);
    request->body = body;
    tell(api_call{request, door, "uid 0", [this](admin::response x) {
                    CAF_REQUIRE(!got);
                    got = std::move(x);
                  }});
  }

  /// Everybody answers what they were asked, in rounds until nobody is.
  void others_answer() {
    for (auto more = true; more;) {
      more = false;
      auto waiting = true;
      self->receive_while(waiting)(
        [&](const describe_backend&) { return more = true, view; },
        [](const describe_snapshot&) { return publish_snapshot{}; },
        [&](const describe_health&) { return more = true, evidence; },
        [&](const describe_config&) { return more = true, config; },
        [&](const list_actors&) { return more = true, actors; },
        [&](const list_connections& x) {
          limit = x.limit;
          return more = true, connections;
        },
        [&](const scrape&) { return more = true, scrape_view{figures}; },
        [&](const reload_config& x) {
          reload_why = x.why;
          return more = true, reload;
        },
        [&](const operator_change& x) -> caf::result<backend_view> {
          more = true;
          change = x;
          if (x.server != "a1")
            return caf::make_error(caf::sec::invalid_argument,
                                   std::string{"backend app has no server"});
          return view;
        },
        [&](const close_connection& x) { closed.push_back(x.id); },
        caf::after(0ms) >> [&] { waiting = false; });
      consume_messages();
    }
  }

  json::value body() {
    CAF_REQUIRE(got);
    json::error_code ec;
    auto result = json::parse(got->body, ec);
    CAF_CHECK(!ec);
    return result;
  }

  unsigned status() { return got ? got->status : 0; }

  std::string error_text() {
    return json::value_to<std::string>(body().at("error"));
  }

  /// Nobody answers in time.
  void let_time_out() { pass(2s, 500ms); }

  admin_actor aut;
  admin_directory directory;
  std::optional<admin::response> got;
  log_level level = log_level::info;
  backend_view view;
  config_view config;
  health_list evidence;
  actor_list actors;
  connection_list connections;
  reload_result reload{true, 4, {}, "backends: ~app"};
  std::shared_ptr<admin::text_source> figures;
  std::string reload_why;
  std::optional<operator_change> change;
  std::vector<uint64_t> closed;
  uint32_t limit = 0;
};

std::string text(const json::value& x) {
  return json::value_to<std::string>(x);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(admin_tests, fixture)

CAF_TEST(the version is known without asking anybody) {
  call("GET", "/v1/version");
  CAF_CHECK_EQUAL(status(), 200u);
  CAF_CHECK_EQUAL(text(body().at("version")), "1.2.3");
  CAF_CHECK_EQUAL(text(body().at("node")), "lb1");
}

CAF_TEST(whoever asks is told what the token may do) {
  call("GET", "/v1/access");
  CAF_CHECK_EQUAL(text(body().at("role")), "read");
  CAF_CHECK_EQUAL(text(body().at("who")), "uid 0");
}

CAF_TEST(traffic is what all workers counted) {
  auto web = std::make_shared<frontend_live>("web", "app", 2);
  web->clients->open = 5;
  for (auto& worker : web->by_worker) {
    worker.requests[1].add(2);
    worker.duration.observe(700);
    worker.duration.observe(20'000'000);
  }
  directory.frontends.push_back(web);
  tell(directory);
  view.queued = 3;
  view.servers[0].totals.requests = {0, 7, 0, 0, 1};
  view.servers[0].totals.bytes_sent = 99;
  pass(3s, 1s);
  call("GET", "/v1/traffic");
  others_answer();
  CAF_CHECK_EQUAL(status(), 200u);
  auto x = body();
  CAF_CHECK_EQUAL(x.at("uptime_us").as_int64(), 3'000'000);
  CAF_CHECK_EQUAL(x.at("duration_bounds_us").at(0).as_int64(), 500);
  CAF_CHECK_EQUAL(x.at("duration_bounds_us").as_array().size(),
                  duration_bounds.size());
  const auto& frontend = x.at("frontends").at(0);
  CAF_CHECK_EQUAL(text(frontend.at("name")), "web");
  CAF_CHECK_EQUAL(frontend.at("requests").at("2xx").as_int64(), 4);
  CAF_CHECK_EQUAL(frontend.at("connections").as_int64(), 5);
  const auto& durations = frontend.at("durations").as_array();
  CAF_REQUIRE_EQUAL(durations.size(), duration_bounds.size() + 1);
  CAF_CHECK_EQUAL(durations[0].as_int64(), 0);
  CAF_CHECK_EQUAL(durations[1].as_int64(), 2);
  CAF_CHECK_EQUAL(durations.back().as_int64(), 2);
  const auto& backend = x.at("backends").at(0);
  CAF_CHECK_EQUAL(backend.at("queued").as_int64(), 3);
  const auto& server = backend.at("servers").at(0);
  CAF_CHECK_EQUAL(server.at("requests").at("5xx").as_int64(), 1);
  CAF_CHECK_EQUAL(server.at("bytes_sent").as_int64(), 99);
}

CAF_TEST(the status is put together from several actors) {
  auto web = std::make_shared<frontend_live>("web", "app", 1);
  web->clients->open = 5;
  directory.frontends.push_back(web);
  tell(directory);
  tell(readiness{true, {}});
  pass(3s, 1s);
  call("GET", "/v1/status");
  CAF_CHECK(!got);
  others_answer();
  CAF_CHECK_EQUAL(status(), 200u);
  auto x = body();
  CAF_CHECK_EQUAL(x.at("uptime_s").as_int64(), 3);
  CAF_CHECK(x.at("ready").as_bool());
  CAF_CHECK_EQUAL(x.at("workers").as_int64(), 2);
  CAF_CHECK_EQUAL(x.at("connections").as_int64(), 5);
  CAF_CHECK_EQUAL(x.at("connection_limit").as_int64(), 1000);
  CAF_CHECK_EQUAL(x.at("generation").as_int64(), 3);
  CAF_CHECK(x.at("last_reload_ok").as_bool());
  CAF_CHECK_EQUAL(x.at("backends").at(0).at("servers").as_int64(), 1);
  CAF_CHECK_EQUAL(x.at("backends").at(0).at("usable").as_int64(), 0);
  CAF_CHECK(x.at("unanswered").as_array().empty());
}

CAF_TEST(the status names those that are silent) {
  call("GET", "/v1/status");
  let_time_out();
  CAF_CHECK_EQUAL(status(), 200u);
  auto x = body();
  CAF_CHECK(x.at("generation").is_null());
  CAF_CHECK(x.at("backends").as_array().empty());
  CAF_REQUIRE_EQUAL(x.at("unanswered").as_array().size(), 2u);
  const std::set<std::string> silent{text(x.at("unanswered").at(0)),
                                     text(x.at("unanswered").at(1))};
  CAF_CHECK(silent == (std::set<std::string>{"config", "router app"}));
}

CAF_TEST(the status says in words what is degraded) {
  tell(readiness{false, "starting"});
  config.last_problems = {"troupe.yaml:1:1: wrong"};
  call("GET", "/v1/status");
  others_answer();
  const auto x = body();
  CAF_CHECK(x.at("cluster").is_null());
  std::vector<std::string> said;
  for (const auto& y : x.at("degraded").as_array())
    said.push_back(text(y));
  CAF_REQUIRE_EQUAL(said.size(), 3u);
  CAF_CHECK_EQUAL(said[0], "this node is not ready: starting");
  CAF_CHECK(said[1].starts_with("the last reload was refused"));
  CAF_CHECK_EQUAL(said[2], "backend app has no usable server");
}

CAF_TEST(a node without a cluster answers as a cluster of one) {
  config_history past{{2, 5000, "the start", "backends: []\n"},
                      {3, 6000, "SIGHUP", "backends: [{}]\n"}};
  config.history = std::make_shared<const config_history>(past);
  call("GET", "/v1/nodes");
  others_answer();
  CAF_REQUIRE_EQUAL(status(), 200u);
  auto x = body();
  CAF_CHECK_EQUAL(text(x.at("cluster")), "");
  CAF_CHECK(x.at("has_majority").as_bool());
  CAF_CHECK_EQUAL(x.at("nodes").as_array().size(), 1u);
  CAF_CHECK_EQUAL(text(x.at("nodes").at(0).at("state")), "self");
  CAF_CHECK_EQUAL(x.at("applied").at("generation").as_int64(), 3);
  call("GET", "/v1/config/history");
  others_answer();
  x = body();
  CAF_REQUIRE_EQUAL(x.at("history").as_array().size(), 2u);
  CAF_CHECK_EQUAL(text(x.at("history").at(1).at("author")), "SIGHUP");
  CAF_CHECK_EQUAL(x.at("history").at(1).at("time_ms").as_int64(), 6000);
  CAF_CHECK_EQUAL(text(x.at("history").at(0).at("text")), "backends: []\n");
  CAF_CHECK_EQUAL(x.at("committed").at("generation").as_int64(), 3);
}

CAF_TEST(backends are shown together and alone) {
  call("GET", "/v1/backends");
  others_answer();
  CAF_CHECK_EQUAL(text(body().at("backends").at(0).at("name")), "app");
  call("GET", "/v1/backends/app");
  others_answer();
  CAF_CHECK_EQUAL(text(body().at("servers").at(0).at("rule")), "own_down");
  call("GET", "/v1/backends/none");
  CAF_CHECK_EQUAL(status(), 404u);
  CAF_CHECK_EQUAL(error_text(), "there is no backend \"none\"");
}

CAF_TEST(one silent router is a 504 where it is the only one asked) {
  call("GET", "/v1/backends/app");
  let_time_out();
  CAF_CHECK_EQUAL(status(), 504u);
  CAF_CHECK_EQUAL(error_text(), "router app did not answer in time");
}

CAF_TEST(without a directory nothing is asked and nothing hangs) {
  tell(admin_directory{});
  call("GET", "/v1/backends");
  CAF_CHECK_EQUAL(status(), 200u);
  call("GET", "/v1/connections");
  CAF_CHECK_EQUAL(status(), 200u);
  call("GET", "/v1/config");
  CAF_CHECK_EQUAL(status(), 503u); // it starts
  call("GET", "/metrics");
  CAF_CHECK_EQUAL(status(), 504u);
}

CAF_TEST(why shows the rule and the evidence) {
  call("GET", "/v1/why/app/a1");
  others_answer();
  CAF_CHECK_EQUAL(status(), 200u);
  auto x = body();
  CAF_CHECK_EQUAL(text(x.at("rule")), "own_down");
  CAF_CHECK_EQUAL(text(x.at("explanation")),
                  "this node's own probes find it down");
  CAF_CHECK_EQUAL(text(x.at("evidence").at("active").at("last")),
                  "connection refused");
  call("GET", "/v1/why/app/a9");
  others_answer();
  CAF_CHECK_EQUAL(status(), 404u);
  CAF_CHECK_EQUAL(error_text(), "backend app has no server \"a9\"");
}

CAF_TEST(why does without evidence if the health checker is silent) {
  directory.backends[0].health = health_actor{};
  tell(directory);
  call("GET", "/v1/why/app/a1");
  others_answer();
  CAF_CHECK_EQUAL(status(), 200u);
  CAF_CHECK(body().at("evidence").is_null());
}

CAF_TEST(a change by an operator reaches the router) {
  call("POST", "/v1/servers/app/a1",
       R"({"admin":"drain","message":"kernel update"})");
  others_answer();
  CAF_CHECK_EQUAL(status(), 200u);
  CAF_REQUIRE(change);
  CAF_CHECK(change->admin == admin_state::drain);
  CAF_CHECK_EQUAL(change->by.author, "uid 0");
  CAF_CHECK_EQUAL(change->by.reason, "kernel update");
  CAF_CHECK(change->by.time_ms > 0);
  CAF_CHECK_EQUAL(text(body().at("backend")), "app");
  CAF_CHECK_EQUAL(text(body().at("server").at("name")), "a1");
}

CAF_TEST(a change of nobody is told so) {
  call("POST", "/v1/servers/none/a1", R"({"admin":"drain"})");
  CAF_CHECK_EQUAL(status(), 404u);
  call("POST", "/v1/servers/app/a9", R"({"admin":"drain"})");
  others_answer();
  CAF_CHECK_EQUAL(status(), 404u);
  CAF_CHECK_EQUAL(error_text(), "backend app has no server");
  change.reset();
  call("POST", "/v1/servers/app/a1", R"({"admin":"gone"})");
  others_answer();
  CAF_CHECK_EQUAL(status(), 400u);
  CAF_CHECK(!change);
}

CAF_TEST(connections of all workers are cut to the limit) {
  connections.resize(2);
  connections[0].id = 11;
  call("GET", "/v1/connections?limit=4");
  others_answer();
  CAF_CHECK_EQUAL(limit, 5u);
  CAF_CHECK_EQUAL(body().at("connections").as_array().size(), 4u);
  CAF_CHECK(!body().at("truncated").as_bool());
  call("GET", "/v1/connections?limit=3");
  others_answer();
  CAF_CHECK_EQUAL(body().at("connections").as_array().size(), 3u);
  CAF_CHECK(body().at("truncated").as_bool());
}

CAF_TEST(silent workers are named) {
  call("GET", "/v1/actors");
  let_time_out();
  CAF_CHECK_EQUAL(status(), 200u);
  CAF_REQUIRE_EQUAL(body().at("unanswered").as_array().size(), 2u);
  CAF_CHECK_EQUAL(text(body().at("unanswered").at(1)), "worker 1");
}

CAF_TEST(closing a connection asks every worker) {
  call("POST", "/v1/connections/42/close");
  others_answer();
  CAF_CHECK_EQUAL(status(), 202u);
  CAF_CHECK_EQUAL(closed.size(), 2u);
  CAF_CHECK_EQUAL(closed[0], 42u);
}

CAF_TEST(a reload says who asked and what came of it) {
  call("POST", "/v1/reload");
  others_answer();
  CAF_CHECK_EQUAL(status(), 200u);
  CAF_CHECK_EQUAL(reload_why, "uid 0 over the admin API");
  auto answer = body();
  CAF_CHECK_EQUAL(answer.at("generation").as_int64(), 4);
  reload = {false, 4, {"t.yaml:1:1: x: y"}, ""};
  call("POST", "/v1/reload");
  others_answer();
  CAF_CHECK_EQUAL(status(), 422u);
  CAF_CHECK_EQUAL(text(body().at("problems").at(0)), "t.yaml:1:1: x: y");
}

CAF_TEST(of the configuration it is shown where routes lead) {
  call("GET", "/v1/config");
  others_answer();
  CAF_CHECK_EQUAL(text(body().at("hash")), "0000000000000abc");
  CAF_CHECK_EQUAL(body().as_object().size(), 5u);
  CAF_CHECK(body().at("frontends").is_array());
}

CAF_TEST(the log level is set and shown) {
  call("PUT", "/v1/log-level", R"({"level":"warn"})");
  CAF_CHECK(level == log_level::warn);
  CAF_CHECK_EQUAL(text(body().at("level")), "warn");
  call("GET", "/v1/log-level");
  CAF_CHECK_EQUAL(text(body().at("level")), "warn");
}

CAF_TEST(readiness follows the supervisor) {
  auto door = api_door::metrics;
  call("GET", "/readyz", "", door);
  CAF_CHECK_EQUAL(status(), 503u);
  CAF_CHECK_EQUAL(got->body, "starting\n");
  tell(readiness{true, {}});
  call("GET", "/readyz", "", door);
  CAF_CHECK_EQUAL(status(), 200u);
  tell(readiness{false, "stopping"});
  call("GET", "/readyz", "", door);
  CAF_CHECK_EQUAL(got->body, "stopping\n");
  call("GET", "/healthz", "", door);
  CAF_CHECK_EQUAL(status(), 200u);
}

CAF_TEST(figures for the metrics are passed on for others to write) {
  struct : admin::text_source {
    bool write_some(admin::chunked_text&) override { return false; }
  } source;
  figures = {std::shared_ptr<void>{}, &source};
  call("GET", "/metrics", "", api_door::metrics);
  others_answer();
  CAF_CHECK(got->source.get() == &source);
}

CAF_TEST(what was found out about a request already counts) {
  auto request = std::make_shared<admin::request>();
  request->method = "GET";
  request->path = "/v1/nonsense";
  api_call what{request, api_door::admin, "uid 0",
                [this](admin::response x) { got = std::move(x); }};
  what.wanted =
    std::make_shared<const api::parsed>(api::parsed{api::get_version{}});
  tell(std::move(what));
  CAF_CHECK_EQUAL(status(), 200u);
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
