// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metric_families.hpp"
#include "actors/metric_family.hpp"

namespace troupe::actors {

namespace {

using frontend_span = std::span<const std::shared_ptr<frontend_live>>;

constexpr std::array<std::string_view, 5> codes{"1xx", "2xx", "3xx", "4xx",
                                                "5xx"};

prometheus::MetricFamily requests(frontend_span frontends) {
  auto result = metric_family::counter(
    "troupe_http_requests_total", "Requests answered, by class of the status");
  for (const auto& x : frontends)
    for (size_t i = 0; i < codes.size(); ++i)
      result.add(
        {{"frontend", x->name}, {"backend", x->backend}, {"code", codes[i]}},
        sum_workers(
          x->by_worker, [&](auto& y) -> auto& { return y.requests[i]; }));
  return std::move(result).take();
}

prometheus::MetricFamily durations(frontend_span frontends) {
  auto result = metric_family::histogram(
    "troupe_http_request_duration_seconds",
    "From the first byte of a request to the last byte of its response");
  for (const auto& x : frontends) {
    std::vector<const duration_histogram*> workers;
    for (const auto& y : x->by_worker)
      workers.push_back(&y.duration);
    result.add({{"frontend", x->name}, {"backend", x->backend}}, workers);
  }
  return std::move(result).take();
}

} // namespace

void add_frontend_families(family_list& to, frontend_span frontends) {
  to.push_back(requests(frontends));
  to.push_back(durations(frontends));
  auto open = metric_family::gauge("troupe_frontend_connections",
                                   "Connections of clients open now");
  auto total = metric_family::counter("troupe_frontend_connections_total",
                                      "Connections of clients accepted");
  auto refused = metric_family::counter(
    "troupe_refused_total",
    "Requests and streams that did not end well, by reason");
  for (const auto& x : frontends) {
    const auto& workers = x->clients->by_worker;
    open.add({{"frontend", x->name}},
             sum_workers(
               workers, [](auto& y) -> auto& { return y.connections_open; }));
    total.add({{"frontend", x->name}},
              sum_workers(
                workers, [](auto& y) -> auto& { return y.connections_total; }));
    for (size_t i = 0; i < reason_count; ++i)
      if (auto why = static_cast<reason>(i); why != reason::ok)
        refused.add({{"frontend", x->name}, {"reason", to_string(why)}},
                    sum_workers(
                      workers, [&](auto& y) -> auto& { return y.refused[i]; }));
  }
  to.push_back(std::move(open).take());
  to.push_back(std::move(total).take());
  to.push_back(std::move(refused).take());
}

} // namespace troupe::actors
