// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/cluster_of_one.hpp"

#include "config/shared.hpp"

namespace troupe::actors {

nodes_view nodes_of_one(const std::string& node) {
  nodes_view result;
  result.self = node;
  result.has_majority = true;
  result.nodes.push_back({node, {}, "self", {}});
  return result;
}

register_view register_of_one(const std::string& node, const config_view& x) {
  register_view result;
  result.status.committed = result.status.applied = {0, x.generation};
  result.status.as = cluster::config_register::standing::voter;
  result.status.votes = true;
  result.peers.push_back({node, true});
  if (!x.history)
    return result;
  for (const auto& past : *x.history) {
    cluster::config_register::record record;
    record.at = {0, past.generation};
    record.text = past.text;
    record.hash = config::shared_hash(past.text);
    record.author = past.author;
    record.node = node;
    record.time_ms = past.time_ms;
    result.history.push_back({std::move(record), false});
  }
  return result;
}

} // namespace troupe::actors
