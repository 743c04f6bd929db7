// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/metrics/metric_series.hpp"
#include "api/http/chunked_text.hpp"

namespace troupe::actors {

/// Writes families in Prometheus' text format 0.0.4, byte for byte as
/// prometheus::TextSerializer would, without an object a series.
class metric_text final : public series_sink {
public:
  explicit metric_text(admin::chunked_text& to) noexcept : to_(to) {}

  /// HELP and TYPE of a family, whose series follow.
  void begin(const streamed_family& family);
  /// More series of a family that was begun before.
  void resume(const streamed_family& family) noexcept { name_ = family.name; }

  void add(metric_labels labels, double value) override;
  void add(metric_labels labels, const histogram_totals& value) override;

private:
  void line(std::string_view suffix, metric_labels labels, double value);
  void bucket(metric_labels labels, double bound, uint64_t count);
  void put(metric_labels labels, char& before);
  void put_escaped(std::string_view text);
  void put(double value);

  admin::chunked_text& to_;
  std::string_view name_; ///< of the family
};

} // namespace troupe::actors
