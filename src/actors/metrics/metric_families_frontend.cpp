// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/metric_families.hpp"

#include <array>

namespace troupe::actors {

namespace {

struct request_labels {
  std::string_view frontend;
  std::string_view backend;
  std::string_view route;
};

template <class Workers>
void tell_requests(const request_labels& of, const Workers& by_worker,
                   series_sink& to) {
  for (size_t i = 0; i < status_classes.size(); ++i)
    to.add({{"frontend", of.frontend},
            {"backend", of.backend},
            {"route", of.route},
            {"code", status_classes[i]}},
           sum_workers(
             by_worker, [&](auto& y) -> auto& { return y.requests[i]; }));
}

/// Of the frontends, for all that is no named route's, and behind them of
/// those.
streamed_family requests_family(frontend_span frontends, route_span routes) {
  auto result = counter_family("troupe_http_requests_total",
                               "Requests answered, by status class");
  result.items = frontends.size() + routes.size();
  result.tell = [frontends, routes](size_t item, series_sink& to) {
    if (item < frontends.size()) {
      const auto& x = *frontends[item];
      return tell_requests({x.name, x.backend, ""}, x.by_worker, to);
    }
    const auto& x = *routes[item - frontends.size()];
    tell_requests({x.frontend, x.backend, x.name}, x.by_worker, to);
  };
  return result;
}

} // namespace

void add_frontend_families(streamed_families& to, frontend_span frontends,
                           route_span routes) {
  to.push_back(requests_family(frontends, routes));
  to.push_back(per_item(
    histogram_family("troupe_http_request_duration_seconds",
                     "From the first byte of a request to the last byte of its "
                     "response"),
    frontends, [](const frontend_live& x, series_sink& to) {
      to.add({{"frontend", x.name}, {"backend", x.backend}},
             histogram_totals{x.by_worker});
    }));
}

void add_client_families(streamed_families& to, frontend_span frontends) {
  to.push_back(per_item(gauge_family("troupe_frontend_connections",
                                     "Client connections that are open now"),
                        frontends, [](const frontend_live& x, series_sink& to) {
                          to.add({{"frontend", x.name}},
                                 sum_workers(
                                   x.clients->by_worker, [](auto& y) -> auto& {
                                     return y.connections_open;
                                   }));
                        }));
  to.push_back(per_item(counter_family("troupe_frontend_connections_total",
                                       "Client connections accepted"),
                        frontends, [](const frontend_live& x, series_sink& to) {
                          to.add({{"frontend", x.name}},
                                 sum_workers(
                                   x.clients->by_worker, [](auto& y) -> auto& {
                                     return y.connections_total;
                                   }));
                        }));
  to.push_back(per_item(
    counter_family("troupe_http_fields_dropped_total",
                   "Request fields dropped because of their names: aliases and "
                   "underscores"),
    frontends, [](const frontend_live& x, series_sink& to) {
      to.add({{"frontend", x.name}},
             sum_workers(
               x.clients->by_worker,
               [](auto& y) -> auto& { return y.fields_dropped; }));
    }));
  to.push_back(
    per_item(counter_family(
               "troupe_refused_total",
               "Requests and streams that were refused or failed, by reason"),
             frontends, [](const frontend_live& x, series_sink& to) {
               for (size_t i = 0; i < reason_count; ++i)
                 if (const auto why = static_cast<reason>(i); why != reason::ok)
                   to.add({{"frontend", x.name}, {"reason", to_string(why)}},
                          sum_workers(
                            x.clients->by_worker, [&](auto& y) -> auto& {
                              return y.refused[i];
                            }));
             }));
  to.push_back(per_item(
    counter_family("troupe_connections_evicted_total",
                   "Inactive client connections closed in favour of new "
                   "clients, by the limit that was reached"),
    frontends, [](const frontend_live& x, series_sink& to) {
      for (const auto why :
           {reason::local_resource, reason::frontend_limit, reason::memory})
        to.add({{"frontend", x.name}, {"reason", to_string(why)}},
               sum_workers(
                 x.clients->by_worker, [why](auto& y) -> auto& {
                   return y.evicted[static_cast<size_t>(why)];
                 }));
    }));
}

} // namespace troupe::actors
