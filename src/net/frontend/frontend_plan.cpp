// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend/frontend_plan.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace troupe::net {

namespace {

http_settings joined(const http_settings& frontend,
                     const route_settings& route) {
  auto result = frontend;
  result.timeout_idle = route.timeout_idle.value_or(frontend.timeout_idle);
  result.max_body_bytes =
    route.max_body_bytes.value_or(frontend.max_body_bytes);
  return result;
}

/// The algorithms that backends name themselves.
using backend_algorithms =
  std::unordered_map<std::string_view, std::optional<algorithm>>;

backend_algorithms algorithms_of(const settings& all) {
  backend_algorithms result;
  for (const auto& backend : all.backends)
    result.emplace(backend.name, backend.algorithm);
  return result;
}

std::vector<std::shared_ptr<const head_changes>>
make_changes(const http_settings& frontend, const route_settings& route,
             unsigned workers) {
  std::vector<std::shared_ptr<const head_changes>> result;
  for (unsigned i = 0; i < workers; ++i) {
    auto one = std::make_shared<const head_changes>(frontend, route);
    if (one->empty())
      break;
    result.push_back(std::move(one));
  }
  return result;
}

route_plan plan_route(const backend_algorithms& backends,
                      const frontend_settings& frontend,
                      const route_settings& route, unsigned workers) {
  const auto backend = backends.find(route.backend);
  route_plan result;
  result.name = route.name;
  result.backend = route.backend;
  result.algorithm = chosen_algorithm(
    route.algorithm, backend != backends.end() ? backend->second : std::nullopt,
    frontend.algorithm);
  result.http = joined(frontend.http, route);
  result.timeout_response = route.timeout_response;
  result.retries_max = route.retries_max;
  result.rules = http1::forward_rules{frontend.http, route};
  result.changes = make_changes(frontend.http, route, workers);
  for (unsigned i = 0; i < workers; ++i)
    if (auto answer = plan_answer(route))
      result.answers.push_back(
        std::make_shared<const answer_plan>(std::move(*answer)));
  for (const auto& part : route.split) {
    auto alone = route;
    alone.split.clear();
    alone.backend = part.backend;
    auto& plan =
      result.split.emplace_back(plan_route(backends, frontend, alone, 0));
    plan.weight = part.weight;
    plan.changes = result.changes;
  }
  return result;
}

std::vector<std::shared_ptr<routing::matcher>>
make_matchers(const frontend_settings& frontend, unsigned workers) {
  std::vector<routing::conditions> routes;
  for (const auto& route : frontend.routes)
    routes.push_back(route.match);
  std::vector<std::shared_ptr<routing::matcher>> result;
  for (unsigned i = 0; i < workers && !routes.empty(); ++i)
    result.push_back(std::make_shared<routing::matcher>(
      routes, routing::matcher_options{frontend.http.ambiguous_paths,
                                       frontend.http.max_header_bytes}));
  return result;
}

/// Whether both match the same requests with the same routes.
bool same_matches(const frontend_settings& a, const frontend_settings& b) {
  return a.http.ambiguous_paths == b.http.ambiguous_paths
      && a.http.max_header_bytes == b.http.max_header_bytes
      && std::ranges::equal(a.routes, b.routes, {}, &route_settings::match,
                            &route_settings::match);
}

} // namespace

route_settings rest_of(const frontend_settings& frontend) {
  route_settings result;
  result.backend = frontend.backend;
  return result;
}

route_plan plan_route(const settings& all, const frontend_settings& frontend,
                      const route_settings& route) {
  return plan_route(algorithms_of(all), frontend, route, 1);
}

std::shared_ptr<frontend_plan> prepare_plan(const settings& all,
                                            const frontend_settings& frontend,
                                            unsigned workers,
                                            const plan_ptr& before,
                                            const std::string& node) {
  auto result = std::make_shared<frontend_plan>();
  const auto backends = algorithms_of(all);
  const auto add = [&](const route_settings& route) {
    const auto& plan = result->routes.emplace_back(
      plan_route(backends, frontend, route, workers));
    result->looks |= !plan.changes.empty();
  };
  result->routes.reserve(frontend.routes.size() + 1);
  for (const auto& route : frontend.routes)
    add(route);
  add(rest_of(frontend));
  result->settings = frontend;
  result->trusted = network_list{frontend.http.trusted_proxies};
  result->matchers = before && same_matches(before->settings, frontend)
                     ? before->matchers
                     : make_matchers(frontend, workers);
  result->looks |= !result->matchers.empty();
  result->node = node;
  result->drain_timeout = all.global.drain_timeout;
  return result;
}

plan_ptr finish_plan(std::shared_ptr<frontend_plan> plan, live_registry& live,
                     uint64_t generation) {
  const auto& frontend = plan->settings.name;
  const auto count = [&](route_plan& route) {
    route.live = live.frontend(frontend, route.backend);
    if (!route.name.empty())
      route.named_live = live.route(frontend, route.backend, route.name);
  };
  for (auto& route : plan->routes) {
    count(route);
    for (auto& part : route.split)
      count(part);
  }
  plan->clients = plan->routes.back().live->clients;
  plan->generation = generation;
  return plan;
}

} // namespace troupe::net
