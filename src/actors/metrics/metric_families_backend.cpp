// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/metric_families.hpp"

#include <algorithm>
#include <array>

namespace troupe::actors {

namespace {

/// One series a server.
streamed_family per_server(streamed_family family, server_span servers,
                           double (*read)(const server_route&)) {
  family.items = servers.size();
  family.tell = [servers, read](size_t item, series_sink& to) {
    const auto& [backend, server] = servers[item];
    to.add({{"backend", backend->name}, {"server", server->name}},
           read(*server));
  };
  return family;
}

/// One series a server and value of a label.
template <size_t N>
streamed_family per_server(streamed_family family, server_span servers,
                           std::string_view label,
                           const std::array<std::string_view, N>& values,
                           double (*read)(const server_route&, size_t)) {
  family.items = servers.size();
  family.tell = [servers, label, &values, read](size_t item, series_sink& to) {
    const auto& [backend, server] = servers[item];
    for (size_t i = 0; i < N; ++i)
      to.add({{"backend", backend->name},
              {"server", server->name},
              {label, values[i]}},
             read(*server, i));
  };
  return family;
}

void add_state(streamed_families& to, server_span servers) {
  to.push_back(per_server(
    gauge_family("troupe_server_up",
                 "1 if this node finds the server healthy, whatever "
                 "its admin state"),
    servers,
    [](const server_route& x) { return x.state.healthy ? 1.0 : 0.0; }));
  to.push_back(per_server(
    gauge_family("troupe_server_verdict",
                 "1 if the cluster calls the server up; without a "
                 "cluster, what this node's probes say"),
    servers,
    [](const server_route& x) { return x.verdict == status::up ? 1.0 : 0.0; }));
  to.push_back(per_server(
    gauge_family("troupe_server_vetoed",
                 "1 if this node avoids the server because its own "
                 "traffic fails there"),
    servers, [](const server_route& x) { return x.vetoed ? 1.0 : 0.0; }));
  static constexpr std::array<std::string_view, 3> states{"ready", "drain",
                                                          "maint"};
  to.push_back(per_server(
    gauge_family("troupe_server_admin_state",
                 "1 for the state an operator has set, 0 for others"),
    servers, "state", states, [](const server_route& x, size_t i) {
      return to_string(x.admin) == states[i] ? 1.0 : 0.0;
    }));
  to.push_back(per_server(
    gauge_family("troupe_server_weight", "Weight in force"), servers,
    [](const server_route& x) { return static_cast<double>(x.weight); }));
  to.push_back(per_server(
    gauge_family("troupe_cluster_verdict_disagreement",
                 "1 while this node's state of the server differs from "
                 "the cluster's verdict; 0 without a cluster"),
    servers, [](const server_route& x) { return x.disputed ? 1.0 : 0.0; }));
}

void add_traffic(streamed_families& to, server_span servers) {
  to.push_back(
    per_server(gauge_family("troupe_server_connections",
                            "Requests or streams under way on this node"),
               servers, [](const server_route& x) {
                 return static_cast<double>(
                   x.live->in_flight.load(std::memory_order_relaxed));
               }));
  to.push_back(per_server(
    counter_family("troupe_server_requests_total",
                   "Requests sent to a server, by status class; "
                   "streams count as 2xx"),
    servers, "code", status_classes, [](const server_route& x, size_t i) {
      return sum_workers(
        x.live->by_worker, [&](auto& y) -> auto& { return y.requests[i]; });
    }));
  to.push_back(per_server(
    counter_family("troupe_server_bytes_sent_total", "Bytes sent to a server"),
    servers, [](const server_route& x) {
      return sum_workers(
        x.live->by_worker, [](auto& y) -> auto& { return y.bytes_sent; });
    }));
  to.push_back(per_server(counter_family("troupe_server_bytes_received_total",
                                         "Bytes received from a server"),
                          servers, [](const server_route& x) {
                            return sum_workers(
                              x.live->by_worker, [](auto& y) -> auto& {
                                return y.bytes_received;
                              });
                          }));
  to.push_back(per_server(
    counter_family("troupe_server_connect_failures_total",
                   "Connections to a server that failed or timed out"),
    servers, [](const server_route& x) {
      return sum_workers(
        x.live->by_worker, [](auto& y) -> auto& { return y.connect_failures; });
    }));
  static constexpr auto faults = [] {
    std::array<std::string_view, server_faults.size()> names;
    std::ranges::transform(server_faults, names.begin(),
                           [](reason x) { return to_string(x); });
    return names;
  }();
  to.push_back(per_server(
    counter_family("troupe_server_failures_total",
                   "Tries that failed at a server, whether a retry "
                   "succeeded or not"),
    servers, "reason", faults, [](const server_route& x, size_t i) {
      return sum_workers(
        x.live->by_worker, [&](auto& y) -> auto& { return y.failures[i]; });
    }));
}

void add_checks(streamed_families& to, server_span servers) {
  static constexpr std::array<std::string_view, 3> results{
    to_string(probe_outcome::success), to_string(probe_outcome::failure),
    to_string(probe_outcome::timeout)};
  to.push_back(
    per_server(counter_family("troupe_health_checks_total",
                              "Probes of a server by this node"),
               servers, "result", results, [](const server_route& x, size_t i) {
                 return static_cast<double>(x.live->checks.results[i].get());
               }));
  static constexpr std::array<std::string_view, 2> states{
    to_string(status::up), to_string(status::down)};
  to.push_back(per_server(
    counter_family("troupe_server_state_changes_total",
                   "Flips of troupe_server_up"),
    servers, "to", states, [](const server_route& x, size_t i) {
      return static_cast<double>(x.live->checks.state_changes[i].get());
    }));
}

void add_pool(streamed_families& to, backend_span backends) {
  to.push_back(per_item(
    counter_family("troupe_retries_total", "Requests retried, by result"),
    backends, [](const backend_snapshot& x, series_sink& to) {
      const auto& workers = x.live->by_worker;
      auto add = [&](std::string_view result, auto read) {
        to.add({{"backend", x.name}, {"result", result}},
               sum_workers(workers, read));
      };
      add(
        "success", [](auto& y) -> auto& { return y.retries_success; });
      add(
        "failure", [](auto& y) -> auto& { return y.retries_failure; });
      add(
        "budget_exhausted",
        [](auto& y) -> auto& { return y.retries_budget_exhausted; });
    }));
  to.push_back(per_item(
    gauge_family("troupe_queue_length", "Requests that wait for a free server"),
    backends, [](const backend_snapshot& x, series_sink& to) {
      to.add({{"backend", x.name}}, x.live->queue.waiting());
    }));
  to.push_back(
    per_item(gauge_family(
               "troupe_fail_open",
               "1 while servers are used although this node's own evidence is "
               "against all of them"),
             backends, [](const backend_snapshot& x, series_sink& to) {
               to.add({{"backend", x.name}}, x.fail_open ? 1 : 0);
             }));
  to.push_back(per_item(
    gauge_family(
      "troupe_panic",
      "1 while too few servers are usable and all ready servers are used "
      "(panic_threshold)"),
    backends, [](const backend_snapshot& x, series_sink& to) {
      to.add({{"backend", x.name}}, x.panic ? 1 : 0);
    }));
}

} // namespace

void add_backend_families(streamed_families& to, backend_span backends,
                          server_span servers) {
  add_state(to, servers);
  add_traffic(to, servers);
  add_checks(to, servers);
  add_pool(to, backends);
}

} // namespace troupe::actors
