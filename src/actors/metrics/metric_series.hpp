// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/metrics/metric_family.hpp"
#include "core/live.hpp"

#include <prometheus/metric_type.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

/// Families with a series for each server or frontend: too many for an object
/// each (decision 0015), so they are given one by one to the writer.
namespace troupe::actors {

/// The classes of HTTP statuses, as counters hold them.
inline constexpr std::array<std::string_view, 5> status_classes{
  "1xx", "2xx", "3xx", "4xx", "5xx"};

/// One histogram, added up over the workers.
struct histogram_totals {
  std::array<uint64_t, duration_bounds.size() + 1> cumulative{};
  double sum = 0; ///< seconds

  explicit histogram_totals(std::span<const frontend_counters> workers);
};

/// Takes the series of one family, in their order.
class series_sink {
public:
  virtual void add(metric_labels labels, double value) = 0;
  virtual void add(metric_labels labels, const histogram_totals& value) = 0;

protected:
  ~series_sink() = default;
};

/// A family that is told item by item, e.g. server by server, so that writing
/// it can be interrupted between any two.
struct streamed_family {
  std::string_view name;
  std::string_view help;
  prometheus::MetricType type = prometheus::MetricType::Untyped;
  size_t items = 0;
  /// The series of one item; the same number of them whenever it is asked.
  std::function<void(size_t item, series_sink& to)> tell;
};

using streamed_families = std::vector<streamed_family>;

/// One item of `family` for each of `items`, told by `tell(*item, to)`.
template <class Item, class Tell>
streamed_family per_item(streamed_family family, std::span<const Item> items,
                         Tell tell) {
  family.items = items.size();
  family.tell = [items, tell](size_t item, series_sink& to) {
    tell(*items[item], to);
  };
  return family;
}

inline streamed_family counter_family(std::string_view name,
                                      std::string_view help) {
  return {name, help, prometheus::MetricType::Counter, 0, {}};
}
inline streamed_family gauge_family(std::string_view name,
                                    std::string_view help) {
  return {name, help, prometheus::MetricType::Gauge, 0, {}};
}
inline streamed_family histogram_family(std::string_view name,
                                        std::string_view help) {
  return {name, help, prometheus::MetricType::Histogram, 0, {}};
}

} // namespace troupe::actors
