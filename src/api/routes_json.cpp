// SPDX-License-Identifier: BSD-3-Clause
#include "api/routes_json.hpp"

#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <string>
#include <vector>

namespace troupe::actors::api {

namespace json = boost::json;

namespace {

std::string leads_to(const route_settings& route) {
  if (route.redirect)
    return fmt::format("redirects with {}", route.redirect->status);
  if (route.respond)
    return fmt::format("answers with {}", route.respond->status);
  if (route.split.empty())
    return "backend " + route.backend;
  std::vector<std::string> parts;
  for (const auto& part : route.split)
    parts.push_back(fmt::format("{} {}", part.backend, part.weight));
  return fmt::format("split: {}", fmt::join(parts, ", "));
}

json::array routes_of(const frontend_settings& frontend) {
  json::array result;
  for (size_t i = 0; i < frontend.routes.size(); ++i)
    result.push_back(json::object{{"index", i},
                                  {"name", frontend.routes[i].name},
                                  {"leads_to", leads_to(frontend.routes[i])}});
  return result;
}

} // namespace

json::array routes_body(const settings& running) {
  json::array result;
  for (const auto& frontend : running.frontends)
    result.push_back(json::object{{"name", frontend.name},
                                  {"listen", frontend.listen},
                                  {"backend", frontend.backend},
                                  {"routes", routes_of(frontend)}});
  return result;
}

} // namespace troupe::actors::api
