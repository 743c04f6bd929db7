// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/balance/candidates.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace troupe::balance {

/// Smooth weighted round robin, the algorithm nginx made known: at every turn
/// each server on offer gains its weight, the richest is chosen (the first of
/// equals) and pays the weight of all. Weights 5, 1, 1 give a a b a c a a.
class smooth_turns {
public:
  /// Keeps every server's fortune, scaled to the new sum of weights: after
  /// weights of 1000 became 1, an old debt would starve a server for 1000
  /// turns.
  void adopt(std::span<const int> origins, std::span<const candidate> pool);

  /// One turn. Lives on the stack of one scan, so that the sums stay in
  /// registers: as members they were stored and loaded for every server.
  class turn {
  public:
    explicit turn(smooth_turns& all) noexcept
      : fortunes_(all.fortunes_.data()) {}

    void offer(size_t position, uint32_t weight) noexcept {
      auto fortune = fortunes_[position] + weight;
      fortunes_[position] = fortune;
      paid_ += weight;
      if (fortune > richest_) {
        best_ = static_cast<int>(position);
        richest_ = fortune;
      }
    }

    /// @returns the chosen position, or `no_server` if none was on offer.
    int end() noexcept {
      if (best_ != no_server)
        fortunes_[best_] -= paid_;
      return best_;
    }

  private:
    int64_t* fortunes_;
    int64_t paid_ = 0;
    int64_t richest_ = std::numeric_limits<int64_t>::min();
    int best_ = no_server;
  };

private:
  std::vector<int64_t> fortunes_;
  int64_t total_ = 0;
};

} // namespace troupe::balance
