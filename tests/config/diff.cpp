// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_diff

#include "config/diff.hpp"

#include "caf_test.hpp"

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

namespace {

frontend_settings frontend(std::string name, std::string listen) {
  frontend_settings result;
  result.name = std::move(name);
  result.listen = std::move(listen);
  result.backend = "app";
  return result;
}

backend_settings backend(std::string name) {
  backend_settings result;
  result.name = std::move(name);
  result.servers = {{"a1", "10.0.0.1:80", 1, false, 0},
                    {"a2", "10.0.0.2:80", 1, false, 0}};
  return result;
}

settings base() {
  settings result;
  result.frontends = {frontend("web", "0.0.0.0:80"),
                      frontend("api", "[::]:81")};
  result.backends = {backend("app"), backend("old")};
  return result;
}

} // namespace

CAF_TEST(equal settings have no difference) {
  const auto changes = config::diff(base(), base());
  CAF_CHECK(changes.empty());
  CAF_CHECK_EQUAL(changes.summary(), "no change");
}

CAF_TEST(names are identity and order is not ) {
  auto to = base();
  std::ranges::reverse(to.frontends);
  std::ranges::reverse(to.backends);
  for (auto& one : to.backends)
    std::ranges::reverse(one.servers);
  CAF_CHECK(config::diff(base(), to).empty());
}

CAF_TEST(a renamed part is a new one) {
  auto to = base();
  to.frontends[0].name = "www";
  to.backends[1].name = "new";
  const auto changes = config::diff(base(), to);
  CAF_CHECK_EQUAL(changes.frontends_added, names{"www"});
  CAF_CHECK_EQUAL(changes.frontends_removed, names{"web"});
  CAF_CHECK_EQUAL(changes.frontends_changed, names{});
  CAF_CHECK_EQUAL(changes.backends_added, names{"new"});
  CAF_CHECK_EQUAL(changes.backends_removed, names{"old"});
  CAF_CHECK_EQUAL(changes.backends_changed, names{});
  CAF_CHECK_EQUAL(changes.summary(),
                  "backends: +new -old; frontends: +www -web");
}

CAF_TEST(only another address needs a new socket) {
  auto to = base();
  to.frontends[0].http.timeout_idle = 5s;
  to.frontends[1].listen = "[::]:82";
  const auto changes = config::diff(base(), to);
  CAF_CHECK_EQUAL(changes.frontends_changed, (names{"api", "web"}));
  CAF_CHECK_EQUAL(changes.frontends_rebound, names{"api"});
}

CAF_TEST(any field of a backend counts) {
  auto to = base();
  to.backends[0].servers[1].weight = 2;
  to.backends[1].health_check.passive.failures = 6;
  auto changes = config::diff(base(), to);
  CAF_CHECK_EQUAL(changes.backends_changed, (names{"app", "old"}));
  to = base();
  to.backends[0].servers.pop_back();
  changes = config::diff(base(), to);
  CAF_CHECK_EQUAL(changes.backends_changed, names{"app"});
  CAF_CHECK_EQUAL(changes.summary(), "backends: ~app");
}

CAF_TEST(what the process sets up once needs a restart) {
  auto to = base();
  to.global.workers = 2;
  to.global.buffers_max = 1;
  to.global.state_dir = "/x";
  to.global.user = "u";
  to.global.core_dumps = true;
  to.global.access_log.path = "-";
  to.admin.socket = "/s";
  to.admin.listen = "127.0.0.1:1";
  to.admin.tokens = {{"/t", token_role::read}};
  to.metrics.listen = "";
  const auto changes = config::diff(base(), to);
  CAF_CHECK_EQUAL(
    changes.needs_restart,
    (names{"global.workers", "global.buffers_max", "global.state_dir",
           "global.user", "global.core_dumps", "global.access_log",
           "admin.socket", "admin.listen", "admin.tokens", "metrics.listen"}));
  CAF_CHECK(!changes.empty());
}

CAF_TEST(other global keys take effect at once) {
  auto to = base();
  to.global.drain_timeout = 1s;
  to.global.stop_delay = 1s;
  to.global.log.level = log_level::debug;
  to.global.workers = 7;
  const auto changes = config::diff(base(), to);
  CAF_CHECK_EQUAL(
    changes.keys_changed,
    (names{"global.drain_timeout", "global.stop_delay", "global.log"}));
  CAF_CHECK(changes.log_changed);
  CAF_CHECK_EQUAL(changes.summary(),
                  "changed: global.drain_timeout global.stop_delay global.log; "
                  "after a restart: global.workers");
}
