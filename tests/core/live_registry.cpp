// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_live_registry
#include "caf_test.hpp"

#include "core/live_registry.hpp"

using namespace troupe;

namespace {

frontend_settings make_frontend(std::string name, std::string backend) {
  frontend_settings result;
  result.name = std::move(name);
  result.backend = std::move(backend);
  return result;
}

struct fixture {
  fixture() {
    kept.backends.resize(1);
    kept.backends[0].name = "app";
    kept.backends[0].servers.resize(1);
    kept.backends[0].servers[0].name = "a1";
    kept.frontends.push_back(make_frontend("web", "app"));
  }
  live_registry registry{3};
  settings kept;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(live_registry_tests, fixture)

CAF_TEST(the same name gives the same counters) {
  const auto server = registry.server("app", "a1");
  CAF_CHECK(registry.server("app", "a1") == server);
  CAF_CHECK(registry.backend("app") == registry.backend("app"));
  CAF_CHECK(registry.frontend("web", "app") == registry.frontend("web", "app"));
  CAF_CHECK(registry.route("web", "app", "api")
            == registry.route("web", "app", "api"));
}

CAF_TEST(every worker has a block of its own) {
  CAF_CHECK_EQUAL(registry.server("app", "a1")->by_worker.size(), 3u);
  CAF_CHECK_EQUAL(registry.backend("app")->by_worker.size(), 3u);
  CAF_CHECK_EQUAL(registry.frontend("web", "app")->by_worker.size(), 3u);
}

CAF_TEST(servers of equal names in two backends are two) {
  CAF_CHECK(registry.server("app", "a1") != registry.server("other", "a1"));
}

CAF_TEST(a frontend that points elsewhere starts anew but for its clients) {
  const auto before = registry.frontend("web", "app");
  before->clients->open = 3;
  const auto after = registry.frontend("web", "other");
  CAF_CHECK(before != after);
  CAF_CHECK_EQUAL(after->backend, "other");
  CAF_CHECK_EQUAL(after->clients->open.load(), 3u);
  CAF_CHECK(registry.frontend("web2", "app")->clients != after->clients);
}

CAF_TEST(what is still configured keeps its counts) {
  const auto server = registry.server("app", "a1");
  const auto backend = registry.backend("app");
  const auto frontend = registry.frontend("web", "app");
  registry.prune(kept);
  CAF_CHECK(registry.server("app", "a1") == server);
  CAF_CHECK(registry.backend("app") == backend);
  CAF_CHECK(registry.frontend("web", "app") == frontend);
}

CAF_TEST(what is gone is forgotten but kept by who holds it) {
  const auto server = registry.server("app", "a2");
  const lease held{*server};
  const auto frontend = registry.frontend("web", "other");
  const auto backend = registry.backend("other");
  registry.prune(kept);
  CAF_CHECK(registry.server("app", "a2") != server);
  CAF_CHECK(registry.frontend("web", "other") != frontend);
  CAF_CHECK(registry.backend("other") != backend);
  const auto clients = registry.frontend("old", "app")->clients;
  registry.prune(kept);
  CAF_CHECK(registry.frontend("old", "app")->clients != clients);
  CAF_CHECK_EQUAL(server->in_flight.load(), 1u);
}

CAF_TEST(routes are told apart by where they lead and pruned with it) {
  route_settings api;
  api.name = "api";
  api.backend = "app";
  kept.frontends[0].routes = {api, api};
  auto unnamed = api;
  unnamed.name.clear();
  unnamed.backend = "other";
  kept.frontends[0].routes.push_back(unnamed);
  CAF_CHECK_EQUAL(registry.routes_of(kept).size(), 1u);
  CAF_CHECK_EQUAL(registry.frontends_of(kept).size(), 2u);
  const auto stays = registry.route("web", "app", "api");
  const auto goes = registry.route("web", "elsewhere", "api");
  CAF_CHECK(stays != goes);
  registry.prune(kept);
  CAF_CHECK(registry.route("web", "app", "api") == stays);
  CAF_CHECK(registry.route("web", "elsewhere", "api") != goes);
}

CAF_TEST_FIXTURE_SCOPE_END()
