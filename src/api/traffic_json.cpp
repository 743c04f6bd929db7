// SPDX-License-Identifier: BSD-3-Clause
#include "api/traffic_json.hpp"

#include "api/json_text.hpp"

#include <boost/json/array.hpp>

#include <chrono>
#include <cmath>

namespace troupe::actors::api {

namespace json = boost::json;

namespace {

json::object by_class(const std::array<uint64_t, 5>& requests) {
  static constexpr std::array<const char*, 5> names{"1xx", "2xx", "3xx", "4xx",
                                                    "5xx"};
  json::object result;
  for (size_t i = 0; i < names.size(); ++i)
    result[names[i]] = requests[i];
  return result;
}

/// Microseconds, as `duration_sum_us`.
json::array bounds() {
  json::array result;
  for (const auto x : duration_bounds)
    result.emplace_back(static_cast<uint64_t>(std::llround(x * 1e6)));
  return result;
}

using classes = std::array<uint64_t, 5>;

template <class Workers>
void add_requests(const Workers& by_worker, classes& to) {
  for (const auto& worker : by_worker)
    for (size_t i = 0; i < to.size(); ++i)
      to[i] += worker.requests[i].get();
}

/// A frontend with all the backends that its routes lead to.
struct frontend_traffic {
  const frontend_live& first;
  classes requests{};
  std::array<uint64_t, duration_bounds.size() + 1> durations{};
  uint64_t sum_us = 0;
  json::array routes{};

  void add(const frontend_live& x) {
    add_requests(x.by_worker, requests);
    for (const auto& worker : x.by_worker) {
      for (size_t i = 0; i < durations.size(); ++i)
        durations[i] += worker.duration.buckets[i].get();
      sum_us += worker.duration.sum_us.get();
    }
  }

  void add(const route_live& x) {
    classes own{};
    add_requests(x.by_worker, own);
    for (size_t i = 0; i < own.size(); ++i)
      requests[i] += own[i];
    routes.push_back(json::object{{"name", view(x.name)},
                                  {"backend", view(x.backend)},
                                  {"requests", by_class(own)}});
  }

  json::object to_json() && {
    uint64_t accepted = 0;
    for (const auto& worker : first.clients->by_worker)
      accepted += worker.connections_total.get();
    json::array buckets;
    for (const auto count : durations)
      buckets.emplace_back(count);
    return {
      {"name", view(first.name)},
      {"backend", view(first.backend)},
      {"requests", by_class(requests)},
      {"durations", std::move(buckets)},
      {"duration_sum_us", sum_us},
      {"connections", first.clients->open.load(std::memory_order_relaxed)},
      {"connections_total", accepted},
      {"routes", std::move(routes)}};
  }
};

json::array frontends_of(const traffic_body& x) {
  json::array result;
  auto route = x.routes.begin();
  for (auto at = x.frontends.begin(); at != x.frontends.end();) {
    frontend_traffic sum{**at};
    const auto& name = (*at)->name;
    for (; at != x.frontends.end() && (*at)->name == name; ++at)
      sum.add(**at);
    for (; route != x.routes.end() && (*route)->frontend == name; ++route)
      sum.add(**route);
    result.push_back(std::move(sum).to_json());
  }
  return result;
}

json::object traffic_of(const server_view& x) {
  return {{"name", view(x.name)},
          {"requests", by_class(x.totals.requests)},
          {"bytes_sent", x.totals.bytes_sent},
          {"bytes_received", x.totals.bytes_received},
          {"connect_failures", x.totals.connect_failures},
          {"in_flight", x.in_flight}};
}

json::object traffic_of(const backend_view& x) {
  json::array servers;
  for (const auto& server : x.servers)
    servers.push_back(traffic_of(server));
  return {{"name", view(x.name)},
          {"queued", x.queued},
          {"servers", std::move(servers)}};
}

} // namespace

json::object to_json(const traffic_body& x) {
  json::array backends;
  for (const auto& backend : x.backends)
    backends.push_back(traffic_of(backend));
  json::array unanswered;
  for (const auto& name : x.unanswered)
    unanswered.emplace_back(view(name));
  return {
    {"uptime_us",
     std::chrono::duration_cast<std::chrono::microseconds>(x.uptime).count()},
    {"duration_bounds_us", bounds()},
    {"frontends", frontends_of(x)},
    {"backends", std::move(backends)},
    {"unanswered", std::move(unanswered)}};
}

} // namespace troupe::actors::api
