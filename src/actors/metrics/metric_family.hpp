// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

using metric_labels =
  std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Fills one Prometheus family of few series; they keep the order they are
/// added in.
class metric_family {
public:
  static metric_family counter(std::string name, std::string help);
  static metric_family gauge(std::string name, std::string help);

  void add(metric_labels labels, double value);

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
