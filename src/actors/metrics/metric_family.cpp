// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/metric_family.hpp"

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

void metric_family::add(metric_labels labels, double value) {
  auto& series = add_series(family_, labels);
  if (family_.type == prometheus::MetricType::Counter)
    series.counter.value = value;
  else
    series.gauge.value = value;
}

} // namespace troupe::actors
