// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/policies.hpp"
#include "core/balance/smooth.hpp"

#include <algorithm>

namespace troupe::balance {

namespace {

/// Fewest in flight per weight. Equals take turns by weight, so that an idle
/// pool neither hammers its first server nor starves its lightest.
class least_connections final : public candidate_policy {
public:
  explicit least_connections(uint64_t seed) noexcept : seed_(seed) {}

private:
  void adopt(std::span<const int> origins, size_t before) override {
    auto servers = pool();
    uniform_ = std::all_of(servers.begin(), servers.end(), [&](auto& x) {
      return x.weight == servers.front().weight;
    });
    if (auto n = servers.size())
      cursor_ = carry_cursor(origins, before, cursor_,
                             static_cast<uint32_t>(seed_ % n));
    turns_.adopt(origins, servers);
    equals_.resize(servers.size());
  }

  int choose(const pick_request&) noexcept override {
    return uniform_ ? choose_uniform() : choose_by_weight();
  }

  // With one weight, turns are a cursor, and an idle server ends the search.
  int choose_uniform() noexcept {
    auto size = static_cast<uint32_t>(pool().size());
    auto least = unlimited;
    auto best = no_server;
    scan(cursor_, size, least, best);
    if (least > 0)
      scan(0, cursor_, least, best);
    if (best != no_server) {
      auto next = static_cast<uint32_t>(best) + 1;
      cursor_ = next < size ? next : 0;
    }
    return best;
  }

  void scan(uint32_t first, uint32_t last, uint32_t& least,
            int& best) const noexcept {
    auto servers = pool();
    for (auto position = first; position < last && least > 0; ++position) {
      auto load = servers[position].load();
      if (load < least && load < servers[position].limit) {
        least = load;
        best = static_cast<int>(position);
      }
    }
  }

  int choose_by_weight() noexcept {
    auto servers = pool();
    uint32_t load = 0;
    uint32_t weight = 0; // no best yet: worse than any
    size_t equals = 0;
    for (size_t position = 0; position < servers.size(); ++position) {
      const auto& server = servers[position];
      auto mine = server.load();
      if (mine >= server.limit)
        continue;
      if (equals > 0 && less_loaded(load, weight, mine, server.weight))
        continue;
      if (equals == 0 || less_loaded(mine, server.weight, load, weight)) {
        load = mine;
        weight = server.weight;
        equals = 0;
      }
      equals_[equals++] = static_cast<uint32_t>(position);
    }
    smooth_turns::turn turn{turns_};
    for (size_t i = 0; i < equals; ++i)
      turn.offer(equals_[i], servers[equals_[i]].weight);
    return turn.end();
  }

  uint64_t seed_;
  bool uniform_ = true;
  uint32_t cursor_ = 0;
  smooth_turns turns_;
  std::vector<uint32_t> equals_; ///< positions of the least loaded so far
};

} // namespace

std::unique_ptr<policy> make_least_connections(uint64_t seed) {
  return std::make_unique<least_connections>(seed);
}

} // namespace troupe::balance
