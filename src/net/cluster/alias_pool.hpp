// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "net/cluster/basp_frame.hpp"

#include <chrono>
#include <deque>
#include <optional>

namespace troupe::net::cluster {

/// Names for peers inside CAF (see basp_guard.hpp). CAF 0.17 keeps some memory
/// for every node it ever knew, so names are used again, but only long after
/// CAF has noticed that the old connection is gone.
class alias_pool {
public:
  /// @returns nothing while far more links come and go than a cluster has.
  std::optional<basp_node> take(time_point now) {
    if (!resting_.empty() && now - resting_.front().since >= rest) {
      const auto result = resting_.front().alias;
      resting_.pop_front();
      return result;
    }
    if (made_ >= aliases_max)
      return std::nullopt;
    ++made_;
    return basp_node::random();
  }

  void give_back(const basp_node& alias, time_point now) {
    resting_.push_back({alias, now});
  }

  size_t made() const noexcept { return made_; }

  static constexpr std::chrono::seconds rest{10};
  static constexpr size_t aliases_max = 1'000;

private:
  struct resting {
    basp_node alias;
    time_point since;
  };
  std::deque<resting> resting_; // longest first
  size_t made_ = 0;
};

} // namespace troupe::net::cluster
