// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_api

#include "caf_test.hpp"

#include "api/access.hpp"
#include "api/json.hpp"
#include "api/operations.hpp"

#include <boost/json/serialize.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace troupe::actors::api {

namespace {

operation parse_call(std::string method, std::string path,
                     std::string body = {}, std::string query = {},
                     api_door door = api_door::admin) {
  admin::request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.body = std::move(body);
  request.query = std::move(query);
  return parse(request, door);
}

template <class T>
bool is(const operation& x) {
  return std::holds_alternative<T>(x);
}

unsigned status_of(const operation& x) {
  auto* refused = std::get_if<refusal>(&x);
  return refused != nullptr ? refused->status : 200;
}

std::string text_of(const operation& x) {
  auto* refused = std::get_if<refusal>(&x);
  return refused != nullptr ? refused->text : std::string{};
}

operation change(std::string body) {
  return parse_call("POST", "/v1/servers/app/a1", std::move(body));
}

/// A directory for token files.
struct fixture {
  fixture() {
    auto pattern =
      (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    CAF_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
  }

  ~fixture() { std::filesystem::remove_all(directory); }

  token_settings token(const std::string& name, const std::string& content,
                       token_role role = token_role::read) {
    auto path = directory / name;
    std::ofstream{path} << content;
    return {path.string(), role};
  }

  std::string refusal_of(const token_settings& x) {
    try {
      read_tokens({x});
      return {};
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }

  access ask(std::string method, std::string authorization) {
    admin::request request;
    request.method = std::move(method);
    request.authorization = std::move(authorization);
    request.peer = "10.0.0.9";
    return check_access(request, tokens);
  }

  std::filesystem::path directory;
  std::vector<access_token> tokens{
    {"watch", "let-me-look", token_role::read},
    {"deploy", "let-me-act", token_role::operate}};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(admin_api_tests, fixture)

// -- paths and methods --------------------------------------------------------

CAF_TEST(paths lead to operations) {
  CAF_CHECK(is<get_version>(parse_call("GET", "/v1/version")));
  CAF_CHECK(is<get_status>(parse_call("GET", "/v1/status")));
  CAF_CHECK(is<get_backends>(parse_call("GET", "/v1/backends")));
  CAF_CHECK(is<get_config>(parse_call("GET", "/v1/config")));
  CAF_CHECK(is<reload>(parse_call("POST", "/v1/reload")));
  auto backend = parse_call("GET", "/v1/backends/app");
  CAF_REQUIRE(is<get_backend>(backend));
  CAF_CHECK_EQUAL(std::get<get_backend>(backend).name, "app");
  auto why = parse_call("GET", "/v1/why/app/a1");
  CAF_REQUIRE(is<get_why>(why));
  CAF_CHECK_EQUAL(std::get<get_why>(why).backend, "app");
  CAF_CHECK_EQUAL(std::get<get_why>(why).server, "a1");
}

CAF_TEST(unknown paths are not found) {
  for (auto* path :
       {"", "/", "/v1", "/v1/", "/v1/backends/", "/v1/backends/a/b",
        "/v1/why/app", "/v1/why//a1", "/v2/status", "v1/status"})
    CAF_CHECK_EQUAL(status_of(parse_call("GET", path)), 404u);
}

CAF_TEST(a wrong method names the right ones) {
  auto x = parse_call("GET", "/v1/reload");
  CAF_CHECK_EQUAL(status_of(x), 405u);
  CAF_CHECK_EQUAL(text_of(x), "/v1/reload does not have GET; allowed: POST");
  auto y = parse_call("DELETE", "/v1/log-level");
  CAF_CHECK_EQUAL(text_of(y), "/v1/log-level does not have DELETE; allowed: "
                              "GET, POST, PUT");
}

CAF_TEST(GET never leads to a change) {
  for (auto* path :
       {"/v1/servers/app/a1", "/v1/reload", "/v1/connections/1/close"})
    CAF_CHECK_EQUAL(status_of(parse_call("GET", path, R"({"admin":"drain"})")),
                    405u);
}

CAF_TEST(the door of the metrics shows nothing else) {
  auto door = api_door::metrics;
  CAF_CHECK(is<get_metrics>(parse_call("GET", "/metrics", "", "", door)));
  CAF_CHECK(is<get_health>(parse_call("GET", "/healthz", "", "", door)));
  CAF_CHECK(is<get_ready>(parse_call("GET", "/readyz", "", "", door)));
  CAF_CHECK_EQUAL(status_of(parse_call("GET", "/v1/status", "", "", door)),
                  404u);
  CAF_CHECK_EQUAL(status_of(parse_call("POST", "/v1/reload", "", "", door)),
                  404u);
  CAF_CHECK_EQUAL(status_of(parse_call("POST", "/metrics", "", "", door)),
                  405u);
}

CAF_TEST(limits of lists are checked) {
  auto limit = [](std::string query) {
    return parse_call("GET", "/v1/connections", "", std::move(query));
  };
  auto limit_of = [&](std::string query) {
    return std::get<get_connections>(limit(std::move(query))).limit;
  };
  CAF_CHECK_EQUAL(limit_of(""), 100u);
  CAF_CHECK_EQUAL(limit_of("limit=7"), 7u);
  CAF_CHECK_EQUAL(limit_of("x=1&limit=7&y"), 7u);
  for (auto* query : {"limit=", "limit", "limit=0", "limit=10001", "limit=-1",
                      "limit=1x", "limit=99999999999"})
    CAF_CHECK_EQUAL(status_of(limit(query)), 400u);
}

CAF_TEST(actors are listed with their connections on demand) {
  auto with = parse_call("GET", "/v1/actors", "", "connections=1");
  CAF_CHECK(std::get<get_actors>(with).connections);
  CAF_CHECK(!std::get<get_actors>(parse_call("GET", "/v1/actors")).connections);
}

CAF_TEST(a connection is named by its number) {
  auto x = parse_call("POST", "/v1/connections/18446744073709551615/close");
  CAF_REQUIRE(is<close_one>(x));
  CAF_CHECK_EQUAL(std::get<close_one>(x).connection, UINT64_MAX);
  CAF_CHECK_EQUAL(status_of(parse_call("POST", "/v1/connections/x/close")),
                  400u);
}

// -- bodies -------------------------------------------------------------------

CAF_TEST(a change of a server is read) {
  auto x = change(R"({"admin":"maint","weight":7})");
  CAF_REQUIRE(is<change_server>(x));
  const auto& got = std::get<change_server>(x);
  CAF_CHECK_EQUAL(got.backend, "app");
  CAF_CHECK_EQUAL(got.change.server, "a1");
  CAF_CHECK(got.change.admin == admin_state::maint);
  CAF_CHECK(got.change.weight == 7u);
  CAF_CHECK(!got.change.reset_weight);
  auto y = change(R"({"reset_weight":true})");
  CAF_REQUIRE(is<change_server>(y));
  CAF_CHECK(std::get<change_server>(y).change.reset_weight);
}

CAF_TEST(a change that says nothing usable is refused) {
  for (auto* body :
       {"", "{", "[]", "null", "{}", R"({"admin":"up"})", R"({"admin":1})",
        R"({"weight":0})", R"({"weight":1001})", R"({"weight":-1})",
        R"({"weight":1.5})", R"({"weight":"1"})", R"({"reset_weight":1})",
        R"({"reset_weight":false})", R"({"weight":1,"reset_weight":true})",
        R"({"admin":"drain","colour":"red"})"})
    CAF_CHECK_EQUAL(status_of(change(body)), 400u);
}

CAF_TEST(a refused weight shows the way out) {
  CAF_CHECK_EQUAL(text_of(change(R"({"weight":0})")),
                  "weight: expected a number in 1..1000; to take a server out "
                  "of rotation use {\"admin\":\"drain\"}");
}

CAF_TEST(a deeply nested body is refused) {
  CAF_CHECK_EQUAL(status_of(change(std::string(100'000, '['))), 400u);
}

CAF_TEST(the log level is read) {
  auto level = [](std::string body) {
    return parse_call("PUT", "/v1/log-level", std::move(body));
  };
  auto x = level(R"({"level":"debug"})");
  CAF_REQUIRE(is<set_log_level>(x));
  CAF_CHECK(std::get<set_log_level>(x).level == log_level::debug);
  for (auto* body : {"", R"({"level":"loud"})", R"({"level":1})", "{}",
                     R"({"level":"info","more":1})"})
    CAF_CHECK_EQUAL(status_of(level(body)), 400u);
}

// -- who may ------------------------------------------------------------------

CAF_TEST(the unix socket may do everything) {
  admin::request request;
  request.method = "POST";
  request.local = true;
  request.peer = "uid 1000";
  auto x = check_access(request, {});
  CAF_CHECK_EQUAL(x.status, 200u);
  CAF_CHECK_EQUAL(x.who, "uid 1000");
}

CAF_TEST(a read token may look only) {
  CAF_CHECK_EQUAL(ask("GET", "Bearer let-me-look").status, 200u);
  CAF_CHECK_EQUAL(ask("POST", "Bearer let-me-look").status, 403u);
  CAF_CHECK_EQUAL(ask("PUT", "Bearer let-me-look").status, 403u);
}

CAF_TEST(a token of an operator may change things and is named) {
  auto x = ask("POST", "bearer let-me-act");
  CAF_CHECK_EQUAL(x.status, 200u);
  CAF_CHECK_EQUAL(x.who, "token deploy from 10.0.0.9");
}

CAF_TEST(anything but a whole token is turned away) {
  for (auto* field :
       {"", "Bearer", "Bearer ", "let-me-act", "Basic let-me-act",
        "Bearer let-me-ac", "Bearer let-me-act ", "Bearer let-me-actlet-me-act",
        "Bearer LET-ME-ACT", "Bearer  let-me-act"}) {
    CAF_CHECK_EQUAL(ask("GET", field).status, 401u);
    CAF_CHECK_EQUAL(ask("POST", field).status, 401u);
  }
  tokens.clear();
  CAF_CHECK_EQUAL(ask("GET", "Bearer ").status, 401u);
}

CAF_TEST(of two equal tokens the mightier counts) {
  tokens = {{"a", "same", token_role::operate},
            {"b", "same", token_role::read}};
  CAF_CHECK_EQUAL(ask("POST", "Bearer same").status, 200u);
  std::swap(tokens[0], tokens[1]);
  CAF_CHECK_EQUAL(ask("POST", "Bearer same").status, 200u);
}

CAF_TEST(tokens are read from files without their line end) {
  auto x = read_tokens(
    {token("watch", "abc\n"), token("deploy", "d/e+f=", token_role::operate)});
  CAF_REQUIRE_EQUAL(x.size(), 2u);
  CAF_CHECK_EQUAL(x[0].name, "watch");
  CAF_CHECK_EQUAL(x[0].secret, "abc");
  CAF_CHECK_EQUAL(x[1].secret, "d/e+f=");
  CAF_CHECK(x[1].role == token_role::operate);
}

CAF_TEST(a bad token file is named and its content is not ) {
  auto missing = refusal_of({directory / "none", token_role::read});
  CAF_CHECK(missing.find((directory / "none").string() + ": cannot be read")
            != std::string::npos);
  CAF_CHECK(refusal_of(token("empty", "\n")).find("is empty")
            != std::string::npos);
  auto words = refusal_of(token("words", "not one\n"));
  CAF_CHECK(words.ends_with("expected one line without spaces"));
  CAF_CHECK_EQUAL(words.find("not one"), std::string::npos);
  CAF_CHECK(!refusal_of(token("lines", "one\ntwo\n")).empty());
  CAF_CHECK(!refusal_of(token("long", std::string(5000, 'x'))).empty());
  CAF_CHECK(!refusal_of({directory.string(), token_role::read}).empty());
}

// -- answers ------------------------------------------------------------------

CAF_TEST(errors have one shape) {
  auto x = error(404, "there is no \"x\"");
  CAF_CHECK_EQUAL(x.status, 404u);
  CAF_CHECK_EQUAL(x.content_type, "application/json");
  CAF_CHECK_EQUAL(x.body, "{\"error\":\"there is no \\\"x\\\"\"}\n");
}

CAF_TEST(a server is shown whole) {
  server_view x;
  x.name = "a1";
  x.address = "host:80";
  x.weight = 3;
  x.state = {false, true, state_rule::admin_drain};
  x.admin = admin_state::drain;
  x.in_flight = 2;
  CAF_CHECK_EQUAL(
    boost::json::serialize(to_json(x)),
    R"({"name":"a1","address":"host:80","endpoint":"","weight":3,)"
    R"("admin":"drain","usable":false,"healthy":true,"rule":"admin_drain",)"
    R"("own":"up","vetoed":false,"ejected":false,"in_flight":2,"set_by":null})");
  x.set_by = {"uid 0", "kernel update", 1'714'557'600'250};
  CAF_CHECK(
    boost::json::serialize(to_json(x))
      .ends_with(R"("set_by":{"author":"uid 0","reason":"kernel update",)"
                 R"("time":"2024-05-01T10:00:00.250Z"}})"));
}

CAF_TEST(times are shown as time passed) {
  time_point now{std::chrono::seconds{100}};
  health_view x;
  x.active.since = now - std::chrono::seconds{7};
  x.passive = {true, 2, now + std::chrono::seconds{5}};
  x.last_probe = "timeout";
  x.last_probe_ms_ago = 30;
  auto body = to_json(x, now);
  const auto& active = body.at("active").as_object();
  CAF_CHECK_EQUAL(active.at("since_ms").as_int64(), 7000);
  CAF_CHECK_EQUAL(active.at("last_ms_ago").as_int64(), 30);
  CAF_CHECK_EQUAL(body.at("passive").at("cooldown_ms").as_int64(), 5000);
  x = {};
  body = to_json(x, now);
  CAF_CHECK(body.at("active").at("since_ms").is_null());
  CAF_CHECK(body.at("active").at("last_ms_ago").is_null());
  CAF_CHECK_EQUAL(body.at("passive").at("cooldown_ms").as_int64(), 0);
}

CAF_TEST(connections are grouped by loop) {
  actor_list rows(3);
  rows[0].kind = "router";
  rows[1].kind = rows[2].kind = "connection";
  rows[1].where = rows[2].where = "worker 0";
  rows[1].handled = 3;
  rows[2].handled = 4;
  auto grouped = actors_body(rows, false, {"worker 1"});
  CAF_CHECK_EQUAL(grouped.at("actors").as_array().size(), 1u);
  CAF_CHECK_EQUAL(
    boost::json::serialize(grouped.at("connections")),
    R"([{"where":"worker 0","count":2,"mailbox":0,"handled":7}])");
  CAF_CHECK_EQUAL(boost::json::serialize(grouped.at("unanswered")),
                  R"(["worker 1"])");
  auto single = actors_body(rows, true, {});
  CAF_CHECK_EQUAL(single.at("actors").as_array().size(), 3u);
  CAF_CHECK(single.at("connections").as_array().empty());
}

CAF_TEST(a refused reload lists its problems) {
  auto x = reload_response({false, 4, {"first", "second"}, ""});
  CAF_CHECK_EQUAL(x.status, 422u);
  CAF_CHECK_EQUAL(
    x.body, R"({"error":"2 problems; the running configuration was kept",)"
            R"("generation":4,"problems":["first","second"]})"
            "\n");
  auto y = reload_response({true, 5, {}, "backends: +b"});
  CAF_CHECK_EQUAL(y.status, 200u);
  CAF_CHECK_EQUAL(y.body, R"({"generation":5,"summary":"backends: +b"})"
                          "\n");
}

CAF_TEST(every rule is explained) {
  for (unsigned i = 0; i <= static_cast<unsigned>(state_rule::unresolved); ++i)
    CAF_CHECK(!explain(static_cast<state_rule>(i)).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors::api
