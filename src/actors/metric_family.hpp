// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

using metric_labels =
  std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Fills one Prometheus family; its series keep the order they are added in.
class metric_family {
public:
  static metric_family counter(std::string name, std::string help);
  static metric_family gauge(std::string name, std::string help);
  static metric_family histogram(std::string name, std::string help);

  void add(metric_labels labels, double value);
  /// The sum of one histogram per worker.
  void add(metric_labels labels,
           std::span<const duration_histogram* const> workers);

  prometheus::MetricFamily take() && { return std::move(family_); }

private:
  metric_family(std::string name, std::string help,
                prometheus::MetricType type);

  prometheus::MetricFamily family_;
};

/// Sums what `read` finds in each worker's block.
template <class Blocks, class F>
double sum_workers(const Blocks& blocks, F&& read) {
  uint64_t sum = 0;
  for (const auto& block : blocks)
    sum += read(block).get();
  return static_cast<double>(sum);
}

} // namespace troupe::actors
