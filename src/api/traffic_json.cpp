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

json::object traffic_of(const frontend_live& x) {
  std::array<uint64_t, 5> requests{};
  std::array<uint64_t, duration_bounds.size() + 1> durations{};
  uint64_t sum_us = 0;
  for (const auto& worker : x.by_worker) {
    for (size_t i = 0; i < requests.size(); ++i)
      requests[i] += worker.requests[i].get();
    for (size_t i = 0; i < durations.size(); ++i)
      durations[i] += worker.duration.buckets[i].get();
    sum_us += worker.duration.sum_us.get();
  }
  uint64_t accepted = 0;
  for (const auto& worker : x.clients->by_worker)
    accepted += worker.connections_total.get();
  json::array buckets;
  for (const auto count : durations)
    buckets.emplace_back(count);
  return {{"name", view(x.name)},
          {"backend", view(x.backend)},
          {"requests", by_class(requests)},
          {"durations", std::move(buckets)},
          {"duration_sum_us", sum_us},
          {"connections", x.clients->open.load(std::memory_order_relaxed)},
          {"connections_total", accepted}};
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
  json::array frontends;
  for (const auto& frontend : x.frontends)
    frontends.push_back(traffic_of(*frontend));
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
    {"frontends", std::move(frontends)},
    {"backends", std::move(backends)},
    {"unanswered", std::move(unanswered)}};
}

} // namespace troupe::actors::api
