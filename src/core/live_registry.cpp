// SPDX-License-Identifier: BSD-3-Clause
#include "core/live_registry.hpp"

#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace troupe {

namespace {

/// The entry of `key`, made by `make` if it is not there.
template <class Map, class Make>
auto find_or_make(Map& map, const typename Map::key_type& key, Make make) {
  auto& entry = map[key];
  if (!entry)
    entry = make();
  return entry;
}

using names = std::unordered_set<std::string_view>;

/// Where a route leads; "" is nowhere, or to an answer of its own.
std::vector<std::string_view> targets_of(const route_settings& x) {
  std::vector<std::string_view> result{x.backend};
  for (const auto& part : x.split)
    result.push_back(part.backend);
  return result;
}

/// Where a frontend's requests may go, each once, its own backend first; "" is
/// nowhere.
std::vector<std::string_view> backends_of(const frontend_settings& x) {
  std::vector<std::string_view> result{x.backend};
  names known{x.backend};
  for (const auto& route : x.routes)
    for (const auto& backend : targets_of(route))
      if (known.insert(backend).second)
        result.push_back(backend);
  return result;
}

/// Drops what `named` does not have.
template <class Map, class Names>
void keep(Map& map, const Names& named) {
  std::erase_if(
    map, [&](const auto& entry) { return !named.contains(entry.first); });
}

template <class Map>
void keep_both(Map& map,
               const std::unordered_map<std::string_view, names>& named) {
  keep(map, named);
  for (auto& [name, inner] : map)
    keep(inner, named.at(name));
}

} // namespace

std::shared_ptr<backend_live> live_registry::backend(const std::string& name) {
  return find_or_make(backends_, name, [&] {
    return std::make_shared<backend_live>(name, workers_);
  });
}

std::shared_ptr<server_live> live_registry::server(const std::string& backend,
                                                   const std::string& name) {
  return find_or_make(servers_[backend], name, [&] {
    return std::make_shared<server_live>(backend, name, workers_);
  });
}

std::shared_ptr<frontend_live>
live_registry::frontend(const std::string& name, const std::string& backend) {
  const auto clients = find_or_make(clients_, name, [&] {
    return std::make_shared<frontend_clients>(workers_);
  });
  return find_or_make(frontends_[name], backend, [&] {
    return std::make_shared<frontend_live>(name, backend, workers_, clients);
  });
}

std::shared_ptr<route_live> live_registry::route(const std::string& frontend,
                                                 const std::string& backend,
                                                 const std::string& name) {
  return find_or_make(routes_, {frontend, backend, name}, [&] {
    return std::make_shared<route_live>(frontend, backend, name, workers_);
  });
}

std::vector<std::shared_ptr<frontend_live>>
live_registry::frontends_of(const settings& settings) {
  std::vector<std::shared_ptr<frontend_live>> result;
  for (const auto& x : settings.frontends)
    for (const auto& backend : backends_of(x))
      result.push_back(frontend(x.name, std::string{backend}));
  return result;
}

std::vector<std::shared_ptr<route_live>>
live_registry::routes_of(const settings& settings) {
  std::set<std::shared_ptr<route_live>> known;
  std::vector<std::shared_ptr<route_live>> result;
  for (const auto& x : settings.frontends)
    for (const auto& each : x.routes)
      for (const auto& backend : targets_of(each))
        if (!each.name.empty())
          if (auto found = route(x.name, std::string{backend}, each.name);
              known.insert(found).second)
            result.push_back(std::move(found));
  return result;
}

void live_registry::prune(const settings& settings) {
  std::unordered_map<std::string_view, names> servers;
  for (const auto& backend : settings.backends) {
    auto& known = servers[backend.name];
    for (const auto& server : backend.servers)
      known.insert(server.name);
  }
  std::unordered_map<std::string_view, names> frontends;
  for (const auto& frontend : settings.frontends)
    for (const auto& backend : backends_of(frontend))
      frontends[frontend.name].insert(backend);
  keep(backends_, servers);
  keep(clients_, frontends);
  keep_both(servers_, servers);
  keep_both(frontends_, frontends);
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>>
    routes;
  for (const auto& frontend : settings.frontends)
    for (const auto& route : frontend.routes)
      for (const auto& backend : targets_of(route))
        routes.emplace(frontend.name, backend, route.name);
  std::erase_if(routes_, [&](const auto& entry) {
    const auto& [frontend, backend, name] = entry.first;
    return !routes.contains({frontend, backend, name});
  });
}

} // namespace troupe
