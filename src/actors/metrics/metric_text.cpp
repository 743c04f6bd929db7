// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/metric_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace troupe::actors {

namespace {

std::string_view to_string(prometheus::MetricType type) noexcept {
  switch (type) {
  case prometheus::MetricType::Counter:
    return "counter";
  case prometheus::MetricType::Gauge:
    return "gauge";
  case prometheus::MetricType::Histogram:
    return "histogram";
  default:
    return "untyped";
  }
}

/// Below it a double that is whole is written digit by digit.
constexpr double whole_max = 1e15;

/// What a stream of C++ writes with the precision that TextSerializer sets.
constexpr int digits = std::numeric_limits<double>::max_digits10 - 1;

} // namespace

histogram_totals::histogram_totals(std::span<const frontend_counters> workers) {
  uint64_t count = 0;
  for (size_t i = 0; i < cumulative.size(); ++i) {
    for (const auto& x : workers)
      count += x.duration.buckets[i].get();
    cumulative[i] = count;
  }
  uint64_t sum_us = 0;
  for (const auto& x : workers)
    sum_us += x.duration.sum_us.get();
  sum = static_cast<double>(sum_us) / 1e6;
}

void metric_text::begin(const streamed_family& family) {
  name_ = family.name;
  for (const auto part :
       {std::string_view{"# HELP "}, name_, std::string_view{" "}, family.help,
        std::string_view{"\n# TYPE "}, name_, std::string_view{" "},
        to_string(family.type), std::string_view{"\n"}})
    to_.append(part);
}

void metric_text::add(metric_labels labels, double value) {
  line({}, labels, value);
}

void metric_text::add(metric_labels labels, const histogram_totals& value) {
  const auto count = value.cumulative.back();
  line("_count", labels, static_cast<double>(count));
  line("_sum", labels, value.sum);
  for (size_t i = 0; i < duration_bounds.size(); ++i)
    bucket(labels, duration_bounds[i], value.cumulative[i]);
  bucket(labels, std::numeric_limits<double>::infinity(), count);
}

void metric_text::line(std::string_view suffix, metric_labels labels,
                       double value) {
  to_.append(name_);
  to_.append(suffix);
  char before = '{';
  put(labels, before);
  to_.append(before == '{' ? " " : "} ");
  put(value);
  to_.append("\n");
}

void metric_text::bucket(metric_labels labels, double bound, uint64_t count) {
  to_.append(name_);
  to_.append("_bucket");
  char before = '{';
  put(labels, before);
  to_.append({&before, 1});
  to_.append("le=\"");
  put(bound);
  to_.append("\"} ");
  put(static_cast<double>(count));
  to_.append("\n");
}

void metric_text::put(metric_labels labels, char& before) {
  for (const auto& [name, value] : labels) {
    to_.append({&before, 1});
    to_.append(name);
    to_.append("=\"");
    put_escaped(value);
    to_.append("\"");
    before = ',';
  }
}

void metric_text::put_escaped(std::string_view text) {
  for (auto special = text.find_first_of("\\\"\n");
       special != std::string_view::npos;
       special = text.find_first_of("\\\"\n")) {
    to_.append(text.substr(0, special));
    to_.append("\\");
    to_.append(text[special] == '\n' ? "n" : text.substr(special, 1));
    text.remove_prefix(special + 1);
  }
  to_.append(text);
}

void metric_text::put(double value) {
  if (std::isnan(value))
    return to_.append("Nan");
  if (std::isinf(value))
    return to_.append(value < 0 ? "-Inf" : "+Inf");
  std::array<char, 32> text; // NOLINT(cppcoreguidelines-pro-type-member-init)
  const bool is_whole = value >= 0 && value < whole_max && !std::signbit(value)
                     && std::trunc(value) == value;
  const auto end = is_whole
                   ? std::to_chars(text.data(), text.data() + text.size(),
                                   static_cast<uint64_t>(value))
                   : std::to_chars(text.data(), text.data() + text.size(),
                                   value, std::chars_format::general, digits);
  to_.append({text.data(), static_cast<size_t>(end.ptr - text.data())});
}

} // namespace troupe::actors
