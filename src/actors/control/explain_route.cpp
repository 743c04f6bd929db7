// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/explain_route.hpp"

#include "core/routing/slow_matcher.hpp"
#include "net/http1/routing_view.hpp"

#include <memory>

namespace troupe::actors {

namespace json = boost::json;
namespace http1 = net::http1;

namespace {

json::object named(const frontend_settings& frontend, uint32_t index) {
  return {{"index", index}, {"name", frontend.routes[index].name}};
}

json::array readings_of(const frontend_settings& frontend,
                        const routing::explanation& from) {
  json::array result;
  for (const auto& reading : from.readings) {
    json::array passed;
    for (const auto& each : reading.passed) {
      passed.push_back(named(frontend, each.route));
      passed.back().as_object()["why"] = each.why;
    }
    json::value route;
    if (reading.route != routing::answer::no_route)
      route = named(frontend, reading.route);
    result.push_back(json::object{{"path", reading.path},
                                  {"route", std::move(route)},
                                  {"passed_over", std::move(passed)}});
  }
  return result;
}

/// A request, or the first look at a stream.
routing::explanation look_up(const frontend_settings& frontend,
                             const imagined_request& what) {
  std::vector<routing::conditions> routes;
  for (const auto& route : frontend.routes)
    routes.push_back(route.match);
  const routing::slow_matcher matcher{std::move(routes),
                                      frontend.http.ambiguous_paths};
  if (frontend.protocol == protocol::tcp) {
    routing::request_view view;
    view.client = what.client ? &*what.client : nullptr;
    return matcher.explain(view);
  }
  const auto text = head_text(what);
  const auto head = std::make_unique<http1::request_head>();
  if (http1::parse_request(text, http1::limits_of(frontend.http), *head)
      != http1::parse_status::done)
    return {}; // it is refused before it has a route
  const auto client = client_of(*head, frontend.http, what);
  std::string host;
  auto view = http1::routing_view(*head, client ? *client : endpoint{}, host);
  if (!client)
    view.client = nullptr;
  return matcher.explain(view);
}

} // namespace

explained_route explain_route(const settings& all,
                              const frontend_settings& frontend,
                              const imagined_request& what) {
  explained_route result;
  if (!frontend.routes.empty()) {
    const auto found = look_up(frontend, what);
    result.readings = readings_of(frontend, found);
    result.ambiguous = found.answer.what == routing::answer::kind::ambiguous;
    if (found.answer.what == routing::answer::kind::route) {
      result.route = named(frontend, found.answer.a);
      result.plan =
        net::plan_route(all, frontend, frontend.routes[found.answer.a]);
      return result;
    }
  }
  result.plan = net::plan_route(all, frontend, net::rest_of(frontend));
  return result;
}

} // namespace troupe::actors
