// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/candidates.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::balance {

namespace {

uint32_t limit_of(const server_route& server) noexcept {
  return server.max_connections > 0 ? server.max_connections : unlimited;
}

} // namespace

int candidate_policy::pick(const backend_snapshot& snapshot,
                           const pick_request& request) noexcept {
  if (!seen(snapshot))
    rebuild(snapshot);
  if (pool_.empty())
    return no_server;
  auto position = request.avoid.empty() ? choose(request)
                                        : choose_avoiding(snapshot, request);
  return position == no_server ? no_server
                               : static_cast<int>(pool_[position].server);
}

int candidate_policy::choose_avoiding(const backend_snapshot& snapshot,
                                      const pick_request& request) noexcept {
  auto hidden = hide(request.avoid);
  if (hidden == pool_.size()) {
    show(snapshot, request.avoid);
    return choose(request);
  }
  auto position = choose(request);
  show(snapshot, request.avoid);
  return position;
}

// An avoided server passes for a full one while the pick lasts, so that the
// scans test one thing only.
size_t candidate_policy::hide(std::span<const uint32_t> avoid) noexcept {
  size_t hidden = 0;
  for (auto server : avoid) {
    if (server >= positions_.size() || positions_[server] < 0)
      continue;
    auto& limit = pool_[positions_[server]].limit;
    hidden += limit != 0; // a server may be listed twice
    limit = 0;
  }
  return hidden;
}

void candidate_policy::show(const backend_snapshot& snapshot,
                            std::span<const uint32_t> avoid) noexcept {
  for (auto server : avoid)
    if (server < positions_.size() && positions_[server] >= 0)
      pool_[positions_[server]].limit = limit_of(snapshot.servers[server]);
}

// The generation and the address beside the version: a router that starts over
// also starts its versions over.
bool candidate_policy::seen(const backend_snapshot& snapshot) const noexcept {
  return servers_ == snapshot.servers.data() && version_ == snapshot.version
      && generation_ == snapshot.generation && backend_ == snapshot.name;
}

void candidate_policy::rebuild(const backend_snapshot& snapshot) {
  std::vector<candidate> pool;
  std::vector<uint64_t> names;
  pool.reserve(snapshot.usable.size());
  names.reserve(snapshot.usable.size());
  positions_.assign(snapshot.servers.size(), -1);
  // Weights are whole numbers: while one ramps, all are counted in percent.
  const auto ramps =
    std::any_of(snapshot.usable.begin(), snapshot.usable.end(),
                [&](auto i) { return snapshot.servers[i].ramp < 100; });
  for (auto index : snapshot.usable) {
    assert(index < snapshot.servers.size());
    const auto& server = snapshot.servers[index];
    assert(server.live);
    positions_[index] = static_cast<int>(pool.size());
    const auto scale = ramps ? std::max(server.ramp, 1u) : 1u;
    pool.push_back({&server.live->in_flight,
                    std::max(server.weight, 1u) * scale, limit_of(server),
                    index, server.ramp});
    names.push_back(server.name_hash);
  }
  auto before = pool_.size();
  // Memory of one backend says nothing about another.
  auto origins = backend_ == snapshot.name ? origins_of(names)
                                           : std::vector<int>(names.size(), -1);
  pool_ = std::move(pool);
  names_ = std::move(names);
  backend_ = snapshot.name;
  version_ = snapshot.version;
  generation_ = snapshot.generation;
  servers_ = snapshot.servers.data();
  adopt(origins, before);
}

std::vector<int>
candidate_policy::origins_of(std::span<const uint64_t> names) const {
  std::vector<std::pair<uint64_t, int>> old;
  old.reserve(names_.size());
  for (auto name : names_)
    old.emplace_back(name, static_cast<int>(old.size()));
  std::sort(old.begin(), old.end());
  std::vector<int> origins;
  origins.reserve(names.size());
  for (auto name : names) {
    auto i = std::lower_bound(old.begin(), old.end(), std::pair{name, 0});
    origins.push_back(i != old.end() && i->first == name ? i->second : -1);
  }
  return origins;
}

uint32_t carry_cursor(std::span<const int> origins, size_t before,
                      uint32_t cursor, uint32_t fallback) noexcept {
  auto nearest = before;
  auto result = fallback;
  for (size_t position = 0; position < origins.size(); ++position) {
    if (origins[position] < 0)
      continue;
    auto distance = (origins[position] + before - cursor) % before;
    if (distance < nearest) {
      nearest = distance;
      result = static_cast<uint32_t>(position);
    }
  }
  return result;
}

} // namespace troupe::balance
