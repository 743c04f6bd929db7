// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/live_registry.hpp"

#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace troupe::actors {

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
live_registry::frontend(const frontend_settings& settings) {
  const auto clients = find_or_make(clients_, settings.name, [&] {
    return std::make_shared<frontend_clients>(workers_);
  });
  return find_or_make(frontends_[settings.name], settings.backend, [&] {
    return std::make_shared<frontend_live>(settings.name, settings.backend,
                                           workers_, clients);
  });
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
    frontends[frontend.name].insert(frontend.backend);
  keep(backends_, servers);
  keep(clients_, frontends);
  keep_both(servers_, servers);
  keep_both(frontends_, frontends);
}

} // namespace troupe::actors
