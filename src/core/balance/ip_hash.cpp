// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/candidates.hpp"
#include "core/balance/policies.hpp"
#include "core/balance/rendezvous.hpp"

#include <algorithm>

namespace troupe::balance {

namespace {

/// Rendezvous hashing of the client's address and the servers' names: a server
/// that leaves or returns moves its own clients and nobody else's.
class ip_hash final : public candidate_policy {
private:
  void adopt(std::span<const int>, size_t) override {
    auto servers = pool();
    uniform_ = std::all_of(servers.begin(), servers.end(), [&](auto& x) {
      return x.weight == servers.front().weight;
    });
  }

  int choose(const pick_request& request) noexcept override {
    return uniform_ ? choose_uniform(request.client_hash)
                    : choose_by_weight(request.client_hash);
  }

  // With one weight the largest draw wins: its cost is the least, or equal.
  int choose_uniform(uint64_t client) const noexcept {
    auto servers = pool();
    auto hashes = names();
    auto best = no_server;
    uint64_t best_draw = 0;
    for (size_t position = 0; position < servers.size(); ++position) {
      auto draw = draw_of(client, hashes[position]);
      if (draw < best_draw)
        continue;
      if (best != no_server && draw == best_draw
          && hashes[position] <= hashes[best])
        continue;
      if (!servers[position].admissible())
        continue;
      best = static_cast<int>(position);
      best_draw = draw;
    }
    return best;
  }

  // The logarithm is worth its time only for a server that can still win, and
  // -log2(u) >= 1 - u tells nearly all of the others apart.
  int choose_by_weight(uint64_t client) const noexcept {
    auto servers = pool();
    auto hashes = names();
    auto winner = no_server;
    claim best;
    auto limit = uint64_t{1} << 38; // the best cost per weight, rounded up
    for (size_t position = 0; position < servers.size(); ++position) {
      const auto& server = servers[position];
      auto draw = draw_of(client, hashes[position]);
      if (~draw >> 32 > limit * server.weight)
        continue;
      claim mine{draw, hashes[position], server.weight, cost_of(draw)};
      if (winner != no_server && !better(mine, best))
        continue;
      if (!server.admissible())
        continue;
      winner = static_cast<int>(position);
      best = mine;
      limit = mine.cost / mine.weight + 1;
    }
    return winner;
  }

  bool uniform_ = true;
};

} // namespace

std::unique_ptr<policy> make_ip_hash() { return std::make_unique<ip_hash>(); }

} // namespace troupe::balance
