// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace sim {

/// The only source of chance in a run: the same seed gives the same run on
/// every machine, which the distributions of <random> do not promise.
/// SplitMix64 (Steele, Lea, Flood 2014).
class random {
public:
  explicit random(uint64_t seed) noexcept : state_(seed) {}

  uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15u;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Of 0..n-1; n > 0.
  uint64_t below(uint64_t n) noexcept { return next() % n; }

  /// Of low..high.
  int64_t between(int64_t low, int64_t high) noexcept {
    return low
         + static_cast<int64_t>(below(static_cast<uint64_t>(high - low + 1)));
  }

  bool per_mille(uint64_t chance) noexcept { return below(1000) < chance; }

private:
  uint64_t state_;
};

} // namespace sim
