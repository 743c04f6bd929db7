// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/explain_route.hpp"

#include "core/routing/slow_matcher.hpp"

namespace troupe::actors {

namespace json = boost::json;

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
                             const imagined_request& what,
                             const read_request& request) {
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
  if (!request.is_good)
    return {}; // it is refused before it has a route
  return matcher.explain(request.view(what.scheme));
}

} // namespace

explained_route explain_route(const settings& all,
                              const frontend_settings& frontend,
                              const imagined_request& what) {
  explained_route result;
  if (frontend.protocol == protocol::http)
    result.request = read_imagined(frontend.http, what);
  if (!frontend.routes.empty()) {
    const auto found = look_up(frontend, what, result.request);
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
