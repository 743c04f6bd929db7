// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/balance.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A backend to pick from: snapshots are made of named servers, whose live
/// parts outlive them.
struct pool_fixture {
  struct member {
    std::string name;
    unsigned weight = 1;
    uint32_t max_connections = 0;
    uint32_t ramp = 100;
  };

  /// Publishes the next version, all servers usable.
  void publish(const std::vector<member>& members) {
    ++snapshot.version;
    snapshot.name = "app";
    snapshot.servers.clear();
    snapshot.usable.clear();
    for (const auto& x : members) {
      troupe::server_route server;
      server.name = x.name;
      server.weight = x.weight;
      server.max_connections = x.max_connections;
      server.ramp = x.ramp;
      server.name_hash = troupe::stable_hash(x.name);
      server.live = live(x.name);
      snapshot.usable.push_back(static_cast<uint32_t>(snapshot.servers.size()));
      snapshot.servers.push_back(std::move(server));
    }
  }

  std::shared_ptr<troupe::server_live> live(const std::string& name) {
    auto& result = lives_[name];
    if (!result)
      result = std::make_shared<troupe::server_live>("app", name, 1);
    return result;
  }

  std::string pick(troupe::policy& picker, uint64_t client = 0,
                   std::vector<uint32_t> avoid = {}) {
    auto index = picker.pick(snapshot, {client, avoid});
    return index == troupe::no_server ? "none" : snapshot.servers[index].name;
  }

  /// The names of `n` picks in a row.
  std::string picks(troupe::policy& picker, int n) {
    std::string result;
    for (; n > 0; --n)
      result += pick(picker);
    return result;
  }

  std::map<std::string, int> shares(troupe::policy& picker, int n) {
    std::map<std::string, int> result;
    for (; n > 0; --n)
      ++result[pick(picker)];
    return result;
  }

  int share(troupe::policy& picker, int n, const std::string& name) {
    return shares(picker, n)[name];
  }

  troupe::backend_snapshot snapshot;

private:
  std::map<std::string, std::shared_ptr<troupe::server_live>> lives_;
};
