// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_load

#include "caf_test.hpp"

#include "core/stable_hash.hpp"
#include "parsing.hpp"

#include <cstdlib>
#include <unistd.h>

using namespace troupe;
using namespace std::chrono_literals;

using parsing::data_file;

namespace {

/// A file that is gone after the test.
struct temporary_file {
  explicit temporary_file(std::string_view text) {
    const int fd = ::mkstemp(name.data());
    CAF_REQUIRE(fd >= 0);
    ::close(fd);
    std::ofstream{name, std::ios::binary} << text;
  }
  ~temporary_file() { ::unlink(name.c_str()); }
  std::string name =
    (std::filesystem::temp_directory_path() / "troupe-test-XXXXXX").string();
};

settings minimal() {
  settings result;
  result.frontends.resize(1);
  result.frontends[0].name = "web";
  result.frontends[0].listen = "0.0.0.0:8080";
  result.frontends[0].backend = "app";
  result.backends.resize(1);
  result.backends[0].name = "app";
  result.backends[0].servers.resize(1);
  result.backends[0].servers[0].name = "a1";
  result.backends[0].servers[0].address = "10.0.0.1:8080";
  return result;
}

} // namespace

CAF_TEST(two lines are a whole configuration) {
  const auto result = config::load(data_file("minimal.yaml"), "lb1");
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  CAF_CHECK_EQUAL(parsing::lines(result.warnings), "");
  CAF_CHECK(result.settings == minimal());
}

CAF_TEST(a file that writes out every default changes nothing) {
  const auto result = config::load(data_file("full.yaml"), "lb1");
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  CAF_CHECK_EQUAL(parsing::lines(result.warnings), "");
  CAF_CHECK(result.settings == minimal());
}

CAF_TEST(the example that newcomers start from is good) {
  const auto example =
    std::filesystem::path{__FILE__}.parent_path().parent_path().parent_path()
    / "examples" / "troupe.yaml";
  const auto result = config::load(example.string(), "lb1");
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  CAF_CHECK_EQUAL(parsing::lines(result.warnings), "");
  auto wanted = minimal();
  auto& backend = wanted.backends[0];
  backend.servers.push_back({"a2", "10.0.0.2:8080", 1, false, 0});
  backend.health_check.type = check_type::http;
  CAF_CHECK(result.settings == wanted);
}

CAF_TEST(every key arrives in its field) {
  const auto result = config::load(data_file("every_key.yaml"), "lb1");
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  const auto& s = result.settings;
  CAF_CHECK(s.global
            == (global_settings{3,
                                10s,
                                2s,
                                1ull << 30,
                                "/tmp/state",
                                "troupe",
                                true,
                                {log_level::debug, log_format::json},
                                {"-", log_format::text}}));
  CAF_CHECK(s.admin
            == (admin_settings{
              "/tmp/admin.sock",
              "127.0.0.1:9091",
              {{"/etc/a", token_role::read}, {"/etc/b", token_role::operate}},
              true}));
  CAF_CHECK_EQUAL(s.metrics.listen, "");
  CAF_REQUIRE_EQUAL(s.frontends.size(), 2u);
  header_rules request{{{"X-Env", "prod"}, {"X-Node", "lb1"}}, {"Cookie"}};
  header_rules response{{}, {"Server", "X-Powered-By"}};
  frontend_settings web;
  web.name = "web";
  web.listen = "[::]:8080";
  web.ipv4_too = true;
  web.backend = "app";
  web.algorithm = algorithm::p2c;
  web.max_connections = 5000;
  web.tcp_keepalive = 90s;
  web.defer_accept = 3s;
  web.http = {1s,
              2s,
              3s,
              4s,
              1024,
              8192,
              50,
              1 << 20,
              {"10.0.0.0/8", "::1", "unix:"},
              underscores::refuse,
              request,
              response};
  CAF_CHECK(s.frontends[0] == web);
  frontend_settings stream;
  stream.name = "stream";
  stream.listen = "unix:/tmp/s.sock";
  stream.unix_socket = {0660, "nobody", "65534"};
  stream.protocol = protocol::tcp;
  stream.backend = "db";
  stream.algorithm = algorithm::ip_hash;
  stream.tcp.timeout_idle = 2h;
  CAF_CHECK(s.frontends[1] == stream);
}

CAF_TEST(the check of a backend begins with the defaults of the file) {
  const auto result = config::load(data_file("every_key.yaml"), "lb1");
  CAF_REQUIRE_EQUAL(result.settings.backends.size(), 3u);
  const auto& app = result.settings.backends[0];
  CAF_REQUIRE_EQUAL(app.servers.size(), 2u);
  CAF_CHECK(app.servers[1]
            == (server_settings{"a2", "app.example.org:80", 7, true, 100}));
  check_settings check{true,
                       check_type::http,
                       "HEAD",
                       "/live",
                       "example.org",
                       81,
                       {{200, 200}, {204, 204}, {300, 399}},
                       5s,
                       500ms,
                       4,
                       6,
                       {9, 10s, true}};
  CAF_CHECK(app.health_check == check);
  CAF_CHECK_EQUAL(app.timeout_connect.count(), 1000);
  CAF_CHECK_EQUAL(app.timeout_response.count(), 60000);
  CAF_CHECK(app.pool == (pool_settings{4, pool_reuse::safe, 5s}));
  CAF_CHECK_EQUAL(app.retries_max, 1u);
  CAF_CHECK(app.queue == (queue_settings{7, 70ms}));
  CAF_CHECK(app.slow_start == 20s);
  CAF_CHECK_EQUAL(app.panic_threshold, 40u);
  CAF_CHECK(app.tcp_keepalive == 0s);
  CAF_CHECK(app.on_down == down_action::close);
  CAF_CHECK(app.on_up == up_action::close_backups);
  CAF_CHECK(app.backups == backup_use::one);
  CAF_CHECK(!app.initially_up);
  CAF_CHECK(app.servers[1].backup && !app.servers[0].backup);

  // The second one says nothing, the third one only that there are none.
  check = {};
  check.method = "HEAD";
  check.interval = 5s;
  check.passive = {9, 30s, true};
  CAF_CHECK(result.settings.backends[1].health_check == check);
  check.enabled = false;
  CAF_CHECK(result.settings.backends[2].health_check == check);
}

CAF_TEST(anchors and aliases save typing) {
  const auto result =
    parsing::parse("frontends: [{name: w, listen: '0.0.0.0:80', backend: a},\n"
                   "            {name: v, listen: '0.0.0.0:81', backend: b}]\n"
                   "backends:\n"
                   "- {name: a, servers: &all [{name: a1, address: 'h:80'}]}\n"
                   "- {name: b, servers: *all}\n");
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  CAF_CHECK(result.settings.backends[0].servers
            == result.settings.backends[1].servers);
}

CAF_TEST(the hash is that of the text and not of its meaning) {
  CAF_CHECK_EQUAL(parsing::parse("a").hash, stable_hash("a"));
  CAF_CHECK_NOT_EQUAL(parsing::parse("a").hash, parsing::parse("a ").hash);
}

CAF_TEST(a file that cannot be read is one problem with the reason) {
  const auto missing = config::load("/nonexistent/troupe.yaml", "lb1");
  CAF_CHECK(!missing.ok());
  CAF_CHECK_EQUAL(
    parsing::lines(missing.problems),
    "/nonexistent/troupe.yaml: cannot be read: No such file or directory\n");
  CAF_CHECK_EQUAL(parsing::lines(config::load("/", "lb1").problems),
                  "/: cannot be read: Is a directory\n");
}

CAF_TEST(a file of more than one mebibyte is refused unread) {
  const std::string comment(1 << 20, '#');
  const temporary_file fits{comment}, larger{comment + "#"};
  CAF_CHECK_EQUAL(parsing::lines(config::load(fits.name, "lb1").problems),
                  fits.name
                    + ": empty; it needs at least frontends and backends\n");
  CAF_CHECK_EQUAL(parsing::lines(config::load(larger.name, "lb1").problems),
                  larger.name + ": larger than 1MiB\n");
}

CAF_TEST(a file takes its variables from the environment) {
  const temporary_file file{
    "frontends: [{name: w, listen: '127.0.0.1:${TROUPE_TEST_PORT}', backend: a}"
    "]\nbackends: [{name: a, servers: [{name: s, address: 'h:80'}]}]\n"};
  ::unsetenv("TROUPE_TEST_PORT");
  CAF_CHECK_EQUAL(config::load(file.name, "lb1").problems.size(), 1u);
  ::setenv("TROUPE_TEST_PORT", "8123", 1);
  const auto result = config::load(file.name, "lb1");
  ::unsetenv("TROUPE_TEST_PORT");
  CAF_CHECK(result.ok());
  CAF_CHECK_EQUAL(result.settings.frontends.at(0).listen, "127.0.0.1:8123");
}

CAF_TEST(a lookup that throws is a problem and no exception) {
  const auto result =
    config::parse("version: ${X}\n", "f", "lb1",
                  [](std::string_view) -> std::optional<std::string> {
                    throw std::runtime_error{"no vault"};
                  });
  CAF_CHECK_EQUAL(parsing::lines(result.problems),
                  "f: cannot be read: no vault\n");
}
