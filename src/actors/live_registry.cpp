// SPDX-License-Identifier: BSD-3-Clause
#include "actors/live_registry.hpp"

#include <set>

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

} // namespace

std::shared_ptr<backend_live> live_registry::backend(const std::string& name) {
  return find_or_make(backends_, name, [&] {
    return std::make_shared<backend_live>(name, workers_);
  });
}

std::shared_ptr<server_live> live_registry::server(const std::string& backend,
                                                   const std::string& name) {
  return find_or_make(servers_, {backend, name}, [&] {
    return std::make_shared<server_live>(backend, name, workers_);
  });
}

std::shared_ptr<frontend_live>
live_registry::frontend(const frontend_settings& settings) {
  const auto clients = find_or_make(clients_, settings.name, [&] {
    return std::make_shared<frontend_clients>(workers_);
  });
  return find_or_make(frontends_, {settings.name, settings.backend}, [&] {
    return std::make_shared<frontend_live>(settings.name, settings.backend,
                                           workers_, clients);
  });
}

void live_registry::prune(const settings& settings) {
  std::set<std::string> backends;
  std::set<pair> servers;
  std::set<std::string> clients;
  std::set<pair> frontends;
  for (const auto& backend : settings.backends) {
    backends.insert(backend.name);
    for (const auto& server : backend.servers)
      servers.insert({backend.name, server.name});
  }
  for (const auto& frontend : settings.frontends) {
    clients.insert(frontend.name);
    frontends.insert({frontend.name, frontend.backend});
  }
  const auto gone = [](const auto& names) {
    return [&names](const auto& entry) { return !names.contains(entry.first); };
  };
  std::erase_if(backends_, gone(backends));
  std::erase_if(servers_, gone(servers));
  std::erase_if(clients_, gone(clients));
  std::erase_if(frontends_, gone(frontends));
}

} // namespace troupe::actors
