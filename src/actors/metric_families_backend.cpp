// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metric_families.hpp"
#include "actors/metric_family.hpp"

#include <functional>

namespace troupe::actors {

namespace {

using backend_span = std::span<const snapshot_ptr>;

constexpr std::array<std::string_view, 5> codes{"1xx", "2xx", "3xx", "4xx",
                                                "5xx"};

/// One series a server.
prometheus::MetricFamily per_server(metric_family family, backend_span backends,
                                    double (*read)(const server_route&)) {
  for (const auto& backend : backends)
    for (const auto& server : backend->servers)
      family.add({{"backend", backend->name}, {"server", server.name}},
                 read(server));
  return std::move(family).take();
}

/// One series a server and value of a label.
template <size_t N>
prometheus::MetricFamily
per_server(metric_family family, backend_span backends, std::string_view label,
           const std::array<std::string_view, N>& values,
           double (*read)(const server_route&, size_t)) {
  for (const auto& backend : backends)
    for (const auto& server : backend->servers)
      for (size_t i = 0; i < N; ++i)
        family.add({{"backend", backend->name},
                    {"server", server.name},
                    {label, values[i]}},
                   read(server, i));
  return std::move(family).take();
}

void add_state(family_list& to, backend_span backends) {
  to.push_back(per_server(
    metric_family::gauge("troupe_server_up",
                         "1 if this node finds the server healthy, whatever "
                         "its admin state"),
    backends,
    [](const server_route& x) { return x.state.healthy ? 1.0 : 0.0; }));
  to.push_back(per_server(
    metric_family::gauge("troupe_server_verdict",
                         "1 if the cluster calls the server up; without a "
                         "cluster, what this node's probes say"),
    backends,
    [](const server_route& x) { return x.verdict == status::up ? 1.0 : 0.0; }));
  to.push_back(per_server(
    metric_family::gauge(
      "troupe_server_vetoed",
      "1 if this node avoids the server on its own traffic's "
      "evidence"),
    backends, [](const server_route& x) { return x.vetoed ? 1.0 : 0.0; }));
  static constexpr std::array<std::string_view, 3> states{"ready", "drain",
                                                          "maint"};
  to.push_back(per_server(
    metric_family::gauge("troupe_server_admin_state",
                         "1 for the state an operator has set, 0 for others"),
    backends, "state", states, [](const server_route& x, size_t i) {
      return to_string(x.admin) == states[i] ? 1.0 : 0.0;
    }));
  to.push_back(per_server(
    metric_family::gauge("troupe_server_weight", "Weight in force"), backends,
    [](const server_route& x) { return static_cast<double>(x.weight); }));
  to.push_back(per_server(
    metric_family::gauge("troupe_cluster_verdict_disagreement",
                         "1 while this node's state of the server differs from "
                         "the cluster's verdict; 0 without a cluster"),
    backends, [](const server_route& x) { return x.disputed ? 1.0 : 0.0; }));
}

void add_traffic(family_list& to, backend_span backends) {
  to.push_back(per_server(
    metric_family::gauge("troupe_server_connections",
                         "Requests or streams under way on this node"),
    backends, [](const server_route& x) {
      return static_cast<double>(
        x.live->in_flight.load(std::memory_order_relaxed));
    }));
  to.push_back(per_server(
    metric_family::counter("troupe_server_requests_total",
                           "Requests given to a server, by class of the "
                           "status; streams count as 2xx"),
    backends, "code", codes, [](const server_route& x, size_t i) {
      return sum_workers(
        x.live->by_worker, [&](auto& y) -> auto& { return y.requests[i]; });
    }));
  to.push_back(per_server(
    metric_family::counter("troupe_server_bytes_sent_total",
                           "Bytes sent to a server"),
    backends, [](const server_route& x) {
      return sum_workers(
        x.live->by_worker, [](auto& y) -> auto& { return y.bytes_sent; });
    }));
  to.push_back(per_server(
    metric_family::counter("troupe_server_bytes_received_total",
                           "Bytes received from a server"),
    backends, [](const server_route& x) {
      return sum_workers(
        x.live->by_worker, [](auto& y) -> auto& { return y.bytes_received; });
    }));
  to.push_back(per_server(
    metric_family::counter("troupe_server_connect_failures_total",
                           "Connections to a server that failed or timed out"),
    backends, [](const server_route& x) {
      return sum_workers(
        x.live->by_worker, [](auto& y) -> auto& { return y.connect_failures; });
    }));
}

void add_checks(family_list& to, backend_span backends) {
  static constexpr std::array<std::string_view, 3> results{
    to_string(probe_outcome::success), to_string(probe_outcome::failure),
    to_string(probe_outcome::timeout)};
  to.push_back(per_server(
    metric_family::counter("troupe_health_checks_total",
                           "Probes of a server by this node"),
    backends, "result", results, [](const server_route& x, size_t i) {
      return static_cast<double>(x.live->checks.results[i].get());
    }));
  static constexpr std::array<std::string_view, 2> states{
    to_string(status::up), to_string(status::down)};
  to.push_back(per_server(
    metric_family::counter("troupe_server_state_changes_total",
                           "Flips of troupe_server_up"),
    backends, "to", states, [](const server_route& x, size_t i) {
      return static_cast<double>(x.live->checks.state_changes[i].get());
    }));
}

void add_pool(family_list& to, backend_span backends) {
  auto retries = metric_family::counter(
    "troupe_retries_total", "Requests tried again, by how that ended");
  auto queue = metric_family::gauge("troupe_queue_length",
                                    "Requests that wait for a free server");
  auto fail_open = metric_family::gauge(
    "troupe_fail_open",
    "1 while servers are used although this node's own evidence is against "
    "all of them");
  auto panic = metric_family::gauge(
    "troupe_panic",
    "1 while so few servers are usable that all that are ready are used "
    "(panic_threshold)");
  for (const auto& x : backends) {
    const auto& workers = x->live->by_worker;
    auto add = [&](std::string_view result, auto read) {
      retries.add({{"backend", x->name}, {"result", result}},
                  sum_workers(workers, read));
    };
    add(
      "success", [](auto& y) -> auto& { return y.retries_success; });
    add(
      "failure", [](auto& y) -> auto& { return y.retries_failure; });
    add(
      "budget_exhausted",
      [](auto& y) -> auto& { return y.retries_budget_exhausted; });
    queue.add({{"backend", x->name}}, x->live->queue.waiting());
    panic.add({{"backend", x->name}}, x->panic ? 1 : 0);
    fail_open.add({{"backend", x->name}}, x->fail_open ? 1 : 0);
  }
  to.push_back(std::move(retries).take());
  to.push_back(std::move(queue).take());
  to.push_back(std::move(fail_open).take());
  to.push_back(std::move(panic).take());
}

} // namespace

void add_backend_families(family_list& to, backend_span backends) {
  add_state(to, backends);
  add_traffic(to, backends);
  add_checks(to, backends);
  add_pool(to, backends);
}

} // namespace troupe::actors
