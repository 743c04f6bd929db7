// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/balance/candidates.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::balance {

/// Draws positions at random, each as often as its weight says. The
/// probabilities are exact also when servers are full: a draw that hits one is
/// repeated, and after a few vain draws the rest are summed up again.
class sampler {
public:
  explicit sampler(uint64_t seed) noexcept;

  void adopt(std::span<const candidate> pool);

  /// @param except a position never drawn, or `no_server`.
  /// @returns an admissible position, or `no_server` if there is none.
  int draw(std::span<const candidate> pool, int except = no_server) noexcept;

private:
  uint64_t below(uint64_t bound) noexcept;
  int draw_any() noexcept;
  int draw_from_rest(std::span<const candidate> pool, int except) noexcept;

  std::vector<uint64_t> sums_; ///< of the weights up to and with a position
  uint64_t state_;
};

} // namespace troupe::balance
