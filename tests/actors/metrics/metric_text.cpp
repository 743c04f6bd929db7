// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE metric_text
#include "caf_test.hpp"

#include "actors/metrics/metric_text.hpp"
#include "actors/metrics/scrape_source.hpp"

#include <prometheus/text_serializer.h>

#include <cmath>
#include <limits>
#include <string>

namespace troupe::actors {

namespace {

std::string content(const admin::chunked_text& text) {
  std::string result;
  for (size_t n = 0; const auto piece = text.at(n); ++n)
    result += piece->text();
  return result;
}

/// The oracle: the same series as objects of prometheus-cpp.
class object_sink final : public series_sink {
public:
  explicit object_sink(const streamed_family& family)
    : made_{std::string{family.name},
            std::string{family.help},
            family.type,
            {}} {
    for (size_t n = 0; n < family.items; ++n)
      family.tell(n, *this);
  }

  void add(metric_labels labels, double value) override {
    auto& series = start(labels);
    if (made_.type == prometheus::MetricType::Counter)
      series.counter.value = value;
    else
      series.gauge.value = value;
  }

  void add(metric_labels labels, const histogram_totals& value) override {
    auto& histogram = start(labels).histogram;
    histogram.sample_count = value.cumulative.back();
    histogram.sample_sum = value.sum;
    for (size_t i = 0; i < duration_bounds.size(); ++i)
      histogram.bucket.push_back({value.cumulative[i], duration_bounds[i]});
  }

  const prometheus::MetricFamily& made() const { return made_; }

private:
  prometheus::ClientMetric& start(metric_labels labels) {
    auto& series = made_.metric.emplace_back();
    for (const auto& [name, value] : labels)
      series.label.push_back({std::string{name}, std::string{value}});
    return series;
  }

  prometheus::MetricFamily made_;
};

std::string serialized(const streamed_families& families) {
  family_list objects;
  for (const auto& x : families)
    objects.push_back(object_sink{x}.made());
  return prometheus::TextSerializer{}.Serialize(objects);
}

std::string written(const streamed_families& families) {
  admin::chunked_text text;
  metric_text out{text};
  for (const auto& x : families) {
    out.begin(x);
    for (size_t n = 0; n < x.items; ++n)
      x.tell(n, out);
  }
  return content(text);
}

streamed_family of_values(const std::vector<double>& values) {
  auto result = gauge_family("some_values", "All kinds of numbers");
  result.items = values.size();
  result.tell = [&values](size_t n, series_sink& to) {
    const auto which = std::to_string(n);
    to.add({{"n", which}}, values[n]);
  };
  return result;
}

/// Two backends of some servers, two frontends, all with figures.
struct node_with_traffic {
  node_with_traffic() {
    for (const auto* name : {"web", "other"}) {
      auto x = std::make_shared<frontend_live>(name, "app", 2);
      for (uint64_t us : {300, 7'000, 7'000, 70'000'000})
        x->by_worker[us % 2].duration.observe(us);
      x->by_worker[1].requests[3].add(123'456'789);
      x->clients->by_worker[0].refused[2].add(5);
      frontends.push_back(std::move(x));
    }
    for (const auto* name : {"app", "w\"eird\\\n"}) {
      auto x = std::make_shared<backend_snapshot>();
      x->name = name;
      x->live = std::make_shared<backend_live>(name, 2);
      x->panic = true;
      for (int n = 0; n < 300; ++n) {
        auto& server = x->servers.emplace_back();
        server.name = "s" + std::to_string(n);
        server.live = std::make_shared<server_live>(name, server.name, 2);
        server.live->by_worker[0].bytes_sent.add(
          uint64_t{1} << static_cast<unsigned>(n % 64));
        server.live->by_worker[1].requests[1].add(static_cast<uint64_t>(n));
      }
      backends.push_back(std::move(x));
    }
  }

  std::vector<std::shared_ptr<frontend_live>> frontends;
  std::vector<snapshot_ptr> backends;
};

} // namespace

CAF_TEST(numbers are written as prometheus - cpp writes them) {
  using limits = std::numeric_limits<double>;
  const std::vector<double> values{0,
                                   -0.0,
                                   1,
                                   -1,
                                   0.1,
                                   0.25,
                                   60.0204,
                                   1.0 / 3,
                                   1e-9,
                                   123456789,
                                   999999999999999,
                                   1e15,
                                   1e15 + 1,
                                   1e16,
                                   123456789012345678.0,
                                   9007199254740993.0,
                                   18446744073709551615.0,
                                   1e300,
                                   limits::min(),
                                   limits::denorm_min(),
                                   limits::max(),
                                   limits::infinity(),
                                   -limits::infinity(),
                                   limits::quiet_NaN(),
                                   1764470000.123456};
  const streamed_families families{of_values(values)};
  CAF_CHECK_EQUAL(written(families), serialized(families));
}

CAF_TEST(labels are escaped as prometheus - cpp escapes them) {
  auto family = counter_family("odd_total", "Help stays as it is: \" \\");
  family.items = 1;
  family.tell = [](size_t, series_sink& to) {
    to.add({}, 1);
    for (const auto* value : {"", "plain", "\"", "\\", "\n", "a\"b\\c\nd\\\\",
                              "\xc3\xa9", "\t{}=,"})
      to.add({{"a", value}, {"b", "x"}}, 2);
  };
  const streamed_families families{family};
  CAF_CHECK_EQUAL(written(families), serialized(families));
}

CAF_TEST(a family without series has its head) {
  const streamed_families families{counter_family("none_total", "Nothing")};
  CAF_CHECK_EQUAL(written(families), serialized(families));
}

CAF_TEST(all families of a node are what prometheus - cpp would write) {
  const node_with_traffic node;
  scrape_source source{{node.frontends, {}}, node.backends, {}};
  const auto expected = serialized(source.families());
  CAF_CHECK_EQUAL(written(source.families()), expected);
  // In slices too, with the node's own figures behind them.
  admin::chunked_text text;
  while (source.write_some(text)) {
  }
  const auto all = content(text);
  CAF_CHECK(all.starts_with(expected));
  CAF_CHECK(
    all.substr(expected.size()).starts_with("# HELP troupe_build_info"));
  CAF_CHECK_EQUAL(all.size(), text.size());
}

CAF_TEST(a text is in pieces that may be taken back) {
  admin::chunked_text text;
  const std::string line(1'000, 'x');
  for (int n = 0; n < 1'000; ++n)
    text.append(line);
  CAF_CHECK_EQUAL(text.size(), 1'000'000u);
  CAF_CHECK_EQUAL(content(text), std::string(1'000'000, 'x'));
  const auto kept = text.at(1);
  CAF_CHECK_EQUAL(kept->text().size(), admin::chunked_text::piece_bytes);
  text.withdraw();
  CAF_CHECK(text.withdrawn());
  CAF_CHECK(text.at(0) == nullptr);
  CAF_CHECK_EQUAL(kept->text().front(), 'x');
}

} // namespace troupe::actors
