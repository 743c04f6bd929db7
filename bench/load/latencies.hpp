// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace load {

/// Every single time, so that no histogram's bounds round what is compared.
class latencies {
public:
  void add(std::chrono::nanoseconds x) { all_.push_back(x.count()); }
  size_t count() const noexcept { return all_.size(); }

  /// Percentiles in microseconds; 0 if there was nothing.
  boost::json::object summary() {
    std::sort(all_.begin(), all_.end());
    return {{"p50_us", at(0.5)},
            {"p99_us", at(0.99)},
            {"p999_us", at(0.999)},
            {"max_us", at(1)}};
  }

private:
  double at(double q) const noexcept {
    if (all_.empty())
      return 0;
    const auto last = static_cast<double>(all_.size() - 1);
    return static_cast<double>(all_[static_cast<size_t>(q * last)]) / 1000;
  }

  std::vector<int64_t> all_;
};

} // namespace load
