// SPDX-License-Identifier: BSD-3-Clause
#include "config/server_changes.hpp"

#include <map>

namespace troupe::config {

namespace {

std::map<server_name, unsigned> weights(const settings& all) {
  std::map<server_name, unsigned> result;
  for (const auto& backend : all.backends)
    for (const auto& server : backend.servers)
      result.emplace(server_name{backend.name, server.name}, server.weight);
  return result;
}

} // namespace

server_changes compare_servers(const settings& from, const settings& to) {
  const auto before = weights(from), after = weights(to);
  server_changes result;
  for (const auto& [name, weight] : after) {
    const auto old = before.find(name);
    if (old == before.end())
      result.introduced.push_back(name);
    else if (old->second != weight)
      result.reweighted.push_back(name);
  }
  for (const auto& [name, weight] : before)
    if (!after.contains(name))
      result.removed.push_back(name);
  return result;
}

} // namespace troupe::config
