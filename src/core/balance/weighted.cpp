// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/policies.hpp"
#include "core/balance/smooth.hpp"

#include <algorithm>

namespace troupe::balance {

namespace {

/// Smooth weighted round robin over the servers that are not full.
class weighted final : public candidate_policy {
public:
  explicit weighted(uint64_t seed) noexcept : seed_(seed) {}

private:
  void adopt(std::span<const int> origins, size_t) override {
    turns_.adopt(origins, pool());
    auto known = [](int origin) { return origin >= 0; };
    if (!std::any_of(origins.begin(), origins.end(), known))
      start_apart();
  }

  // Workers begin at different places of the cycle. A whole cycle may be a
  // million turns, so only the first few places are used.
  void start_apart() noexcept {
    constexpr size_t places_max = 64;
    auto places = std::min(pool().size(), places_max);
    for (auto turns = places ? seed_ % places : 0; turns > 0; --turns)
      choose({});
  }

  int choose(const pick_request&) noexcept override {
    smooth_turns::turn turn{turns_};
    auto servers = pool();
    for (size_t position = 0; position < servers.size(); ++position)
      if (servers[position].admissible())
        turn.offer(position, servers[position].weight);
    return turn.end();
  }

  uint64_t seed_;
  smooth_turns turns_;
};

} // namespace

std::unique_ptr<policy> make_weighted(uint64_t seed) {
  return std::make_unique<weighted>(seed);
}

} // namespace troupe::balance
