// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

/// Every single time, so that no histogram's bounds round what is compared.
class latencies {
public:
  void add(std::chrono::nanoseconds x) { all_.push_back(x.count()); }
  size_t count() const noexcept { return all_.size(); }

  /// Of each so many parts of the whole in the order they came: what a machine
  /// does to a part of a second is in few of them.
  boost::json::array parts(size_t count) const {
    boost::json::array result;
    for (size_t i = 0; i < count; ++i) {
      latencies part;
      part.all_.assign(all_.begin() + part_begin(i, count),
                       all_.begin() + part_begin(i + 1, count));
      result.push_back(part.summary());
    }
    return result;
  }

  /// Percentiles in microseconds; 0 if there was nothing. Ends the order.
  boost::json::object summary() {
    std::sort(all_.begin(), all_.end());
    return {{"p50_us", at(0.5)},
            {"p99_us", at(0.99)},
            {"p999_us", at(0.999)},
            {"max_us", at(1)}};
  }

private:
  ptrdiff_t part_begin(size_t part, size_t count) const noexcept {
    return static_cast<ptrdiff_t>(all_.size() * part / count);
  }

  double at(double q) const noexcept {
    if (all_.empty())
      return 0;
    const auto last = static_cast<double>(all_.size() - 1);
    return static_cast<double>(all_[static_cast<size_t>(q * last)]) / 1000;
  }

  std::vector<int64_t> all_;
};

} // namespace load
