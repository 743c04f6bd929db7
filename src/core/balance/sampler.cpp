// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/sampler.hpp"

#include "core/stable_hash.hpp"

#include <algorithm>

namespace troupe::balance {

// Seeds are small neighbouring numbers; their streams must not be.
sampler::sampler(uint64_t seed) noexcept
  : state_(avalanche(seed + 0x9e3779b97f4a7c15ull)) {}

void sampler::adopt(std::span<const candidate> pool) {
  sums_.clear();
  sums_.reserve(pool.size());
  uint64_t sum = 0;
  for (const auto& server : pool)
    sums_.push_back(sum += server.weight);
}

// The upper half of a 64-bit counter's avalanche, times the bound. Bounds are
// sums of weights, far below 2^32, so that no value is favoured measurably.
uint64_t sampler::below(uint64_t bound) noexcept {
  state_ += 0x9e3779b97f4a7c15ull;
  return ((avalanche(state_) >> 32) * bound) >> 32;
}

int sampler::draw_any() noexcept {
  auto i = std::upper_bound(sums_.begin(), sums_.end(), below(sums_.back()));
  return static_cast<int>(i - sums_.begin());
}

int sampler::draw(std::span<const candidate> pool, int except) noexcept {
  constexpr auto draws_max = 4;
  for (auto draws = 0; draws < draws_max; ++draws) {
    auto position = draw_any();
    if (position != except && pool[position].admissible())
      return position;
  }
  return draw_from_rest(pool, except);
}

// One pass, holding one candidate: each newcomer replaces it with probability
// weight / sum so far. So a server that fills up meanwhile does no harm, as it
// would between a pass that sums up and a pass that chooses.
int sampler::draw_from_rest(std::span<const candidate> pool,
                            int except) noexcept {
  auto result = no_server;
  uint64_t sum = 0;
  for (size_t position = 0; position < pool.size(); ++position) {
    if (static_cast<int>(position) == except || !pool[position].admissible())
      continue;
    sum += pool[position].weight;
    if (below(sum) < pool[position].weight)
      result = static_cast<int>(position);
  }
  return result;
}

} // namespace troupe::balance
