// SPDX-License-Identifier: BSD-3-Clause
#include "config/sections.hpp"
#include "config/show.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::config {

namespace {

/// What the frontends and routes that lead to a backend have in common.
struct usage {
  std::string user; ///< one of them
  bool weights_count = false;
};

using usages = std::unordered_map<std::string_view, usage>;

usages find_usages(const settings& all) {
  std::unordered_map<std::string_view, const backend_settings*> backends;
  for (const auto& backend : all.backends)
    backends.emplace(backend.name, &backend);
  usages result;
  const auto add = [&](std::string_view name, std::optional<algorithm> route,
                       const frontend_settings& frontend) {
    const auto backend = backends.find(name);
    if (backend == backends.end())
      return;
    auto& user = result[name];
    user.user =
      backend->second->algorithm ? "it" : "frontend " + show(frontend.name);
    user.weights_count =
      user.weights_count
      || chosen_algorithm(route, backend->second->algorithm, frontend.algorithm)
           != algorithm::round_robin;
  };
  for (const auto& frontend : all.frontends) {
    add(frontend.backend, {}, frontend);
    for (const auto& route : frontend.routes) {
      add(route.backend, route.algorithm, frontend);
      for (const auto& part : route.split)
        add(part.backend, route.algorithm, frontend);
    }
  }
  return result;
}

void check_weights(const cursor& place, const backend_settings& backend,
                   const std::string& user) {
  for (size_t i = 0; i < backend.servers.size(); ++i) {
    if (backend.servers[i].weight == 1)
      continue;
    if (const auto weight = place.at("servers", i, "weight")) {
      weight->warning("has no effect, because " + user
                      + " uses round_robin; did you mean `algorithm: "
                        "weighted`?");
      return;
    }
  }
}

void check_usage(const cursor& place, const backend_settings& backend,
                 const usages& users) {
  const auto user = users.find(backend.name);
  if (user == users.end())
    place.warning("no frontend or route uses backend " + show(backend.name));
  else if (!user->second.weights_count)
    check_weights(place, backend, user->second.user);
}

void check_pool_keys(const cursor& place, const backend_settings& backend) {
  const auto initial = place.at("initial");
  if (initial && !backend.initially_up && !backend.health_check.enabled)
    initial->problem("got down, but health_check.enabled is false: no probe "
                     "would ever find a server up");
  const bool has_backups = std::ranges::any_of(
    backend.servers, [](const auto& x) { return x.backup; });
  const auto warn = [&](std::string_view key, bool is_set) {
    if (const auto value = place.at(key); value && is_set && !has_backups)
      value->warning("has no effect, because no server is a backup");
  };
  warn("on_up", backend.on_up != up_action::keep);
  warn("backups", backend.backups != backup_use::all);
}

void check_probe_keys(const cursor& backend, const check_settings& check) {
  if (check.type == check_type::http || !check.enabled)
    return;
  for (std::string_view key : {"method", "path", "host", "expect_status"})
    if (const auto value = backend.at("health_check", key))
      value->warning("has no effect on a tcp check; did you mean "
                     "`type: http`?");
}

/// The key to blame for a check's times: its own, else that of the defaults.
std::optional<cursor> timing_key(const cursor& root, size_t backend) {
  for (std::string_view key : {"timeout", "interval"})
    if (auto own = root.at("backends", backend, "health_check", key))
      return own;
  for (std::string_view key : {"timeout", "interval"})
    if (auto shared = root.at("health_check_defaults", key))
      return shared;
  return std::nullopt;
}

void check_timing(const cursor& root, const settings& all) {
  std::vector<std::string> blamed;
  for (size_t i = 0; i < all.backends.size(); ++i) {
    const auto& check = all.backends[i].health_check;
    const auto place = timing_key(root, i);
    if (!check.enabled || check.timeout <= check.interval || !place
        || std::ranges::find(blamed, place->path()) != blamed.end())
      continue;
    blamed.push_back(place->path());
    place->warning("the timeout " + to_text(check.timeout)
                   + " is longer than the interval " + to_text(check.interval));
  }
}

void check_protocols(const cursor& root, const settings& all) {
  for (size_t i = 0; i < all.frontends.size(); ++i) {
    if (!all.frontends[i].listen.starts_with("unix:")
        && all.frontends[i].unix_socket != unix_socket_settings{})
      if (const auto file = root.at("frontends", i, "unix"))
        file->warning("has no effect, because listen is not a Unix socket");
    if (all.frontends[i].protocol == protocol::tcp
        && all.frontends[i].defer_accept > milliseconds{0})
      if (const auto defer = root.at("frontends", i, "defer_accept"))
        defer->problem(
          "not with protocol tcp: there a server may have to speak "
          "first");
    if (all.frontends[i].protocol == protocol::tcp)
      for (std::string_view key : {"http", "error_pages"})
        if (const auto place = root.at("frontends", i, key))
          place->warning("has no effect, because protocol is tcp");
  }
}

/// The first route that matches all leaves nothing to those behind it.
void check_reach(const cursor& root, const settings& all) {
  for (size_t i = 0; i < all.frontends.size(); ++i) {
    const auto& routes = all.frontends[i].routes;
    const auto last =
      std::ranges::find(routes, routing::conditions{}, &route_settings::match);
    if (last == routes.end())
      continue;
    const auto index = static_cast<size_t>(last - routes.begin());
    const auto place = index + 1 < routes.size()
                       ? root.at("frontends", i, "routes", index + 1)
                       : root.at("frontends", i, "backend");
    if (place)
      place->warning("is never used, because routes[" + std::to_string(index)
                     + "] matches everything");
  }
}

} // namespace

void check_ineffective(const cursor& root, const settings& all) {
  const auto users = find_usages(all);
  for (size_t i = 0; i < all.backends.size(); ++i) {
    const auto place = root.at("backends", i);
    if (!place || all.backends[i].name.empty())
      continue;
    check_usage(*place, all.backends[i], users);
    check_pool_keys(*place, all.backends[i]);
    check_probe_keys(*place, all.backends[i].health_check);
  }
  check_timing(root, all);
  check_reach(root, all);
  check_protocols(root, all);
}

} // namespace troupe::config
