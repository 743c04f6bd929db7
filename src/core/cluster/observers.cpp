// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/observers.hpp"

#include "core/cluster/wire.hpp"
#include "core/stable_hash.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::observations {

uint64_t target_id(std::string_view backend, const server_settings& server,
                   const check_settings& check) {
  wire_writer all; // unambiguous, whatever the names contain
  all.string(backend);
  all.string(server.name);
  all.string(server.address);
  all.u64(static_cast<uint64_t>(check.type));
  all.string(check.method);
  all.string(check.path);
  all.string(check.host);
  all.u64(check.port);
  all.u64(check.expect_status.size());
  for (const auto& x : check.expect_status) {
    all.u64(x.first);
    all.u64(x.last);
  }
  return stable_hash(all.bytes());
}

std::vector<std::string> ranked(std::vector<std::string> nodes,
                                uint64_t target) {
  std::vector<std::pair<uint64_t, std::string>> order;
  order.reserve(nodes.size());
  for (auto& name : nodes) {
    const auto weight = stable_hash(name, target);
    order.emplace_back(weight, std::move(name));
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<std::string> result;
  result.reserve(order.size());
  for (auto& [weight, name] : order)
    result.push_back(std::move(name));
  return result;
}

} // namespace troupe::cluster::observations
