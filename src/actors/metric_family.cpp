// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metric_family.hpp"

#include <cassert>

namespace troupe::actors {

namespace {

prometheus::ClientMetric& add_series(prometheus::MetricFamily& family,
                                     metric_labels labels) {
  auto& series = family.metric.emplace_back();
  series.label.reserve(labels.size());
  for (const auto& [name, value] : labels)
    series.label.push_back({std::string{name}, std::string{value}});
  return series;
}

} // namespace

metric_family::metric_family(std::string name, std::string help,
                             prometheus::MetricType type)
  : family_{std::move(name), std::move(help), type, {}} {}

metric_family metric_family::counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Counter};
}

metric_family metric_family::gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge};
}

metric_family metric_family::histogram(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Histogram};
}

void metric_family::add(metric_labels labels, double value) {
  assert(family_.type != prometheus::MetricType::Histogram);
  auto& series = add_series(family_, labels);
  if (family_.type == prometheus::MetricType::Counter)
    series.counter.value = value;
  else
    series.gauge.value = value;
}

void metric_family::add(metric_labels labels,
                        std::span<const duration_histogram* const> workers) {
  assert(family_.type == prometheus::MetricType::Histogram);
  auto& histogram = add_series(family_, labels).histogram;
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= duration_bounds.size(); ++i) {
    for (const auto* worker : workers)
      cumulative += worker->buckets[i].get();
    // The serializer adds +Inf from the count.
    if (i < duration_bounds.size())
      histogram.bucket.push_back({cumulative, duration_bounds[i]});
  }
  histogram.sample_count = cumulative;
  uint64_t sum_us = 0;
  for (const auto* worker : workers)
    sum_us += worker->sum_us.get();
  histogram.sample_sum = static_cast<double>(sum_us) / 1e6;
}

} // namespace troupe::actors
