// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend/route_answer.hpp"

#include "net/http1/target.hpp"

#include <utility>

namespace troupe::net {

namespace {

/// The path of a redirect, and whether it has a query of its own; nothing if it
/// is too long.
std::optional<std::pair<std::string, bool>>
path_of(const location_plan& plan, const routing::variable_values& from) {
  std::string result, buffer;
  const auto made = plan.path.append(from, buffer, result);
  if (made.too_long)
    return std::nullopt;
  if (made.changed)
    return std::pair{std::move(result), made.has_query};
  const auto sent = from.request.path;
  return std::pair{std::string{sent == "*" ? "/" : sent}, false};
}

} // namespace

std::optional<std::string> location_of(const location_plan& plan,
                                       const routing::variable_values& from) {
  const auto scheme =
    plan.scheme.empty() ? to_string(from.request.scheme) : plan.scheme;
  std::string host;
  if (plan.host.empty())
    host = from.request.host;
  else
    plan.host.append(from, host);
  if (!http1::is_valid_host(host))
    return std::nullopt;
  const uint16_t own = scheme == "https" ? 443 : 80;
  if (plan.port != 0 && plan.port != own)
    host += ':' + std::to_string(plan.port);
  const auto path = path_of(plan, from);
  if (!path)
    return std::nullopt;
  std::string result{scheme};
  result += "://" + host + path->first;
  if (!path->second && !from.request.query.empty())
    result.append("?").append(from.request.query);
  return result;
}

std::optional<answer_plan> plan_answer(const route_settings& route) {
  answer_plan result;
  if (const auto& x = route.redirect) {
    result.status = x->status;
    result.location = location_plan{
      x->scheme, routing::text_template{x->host}, x->port,
      routing::path_rule{{x->path, x->path_prefix, x->path_regex.match,
                          x->path_regex.to, route.match.path_prefix}}};
    return result;
  }
  if (const auto& x = route.respond) {
    result.status = x->status;
    result.content_type = x->content_type;
    result.body = routing::text_template{x->body};
    result.page = x->page.content;
    for (const auto& [name, value] : x->headers)
      result.headers.emplace_back(name, routing::text_template{value});
    return result;
  }
  return std::nullopt;
}

http1::own_reply answer_to(const answer_plan& plan, const std::string& location,
                           const routing::variable_values& from) {
  http1::own_reply result;
  result.status = plan.status;
  if (plan.page.empty())
    plan.body.append(from, result.body);
  else
    result.body = plan.page;
  if (!location.empty())
    result.add("Location", location);
  if (!result.body.empty())
    result.add("Content-Type", plan.content_type);
  for (const auto& [name, value] : plan.headers) {
    std::string text;
    value.append_line(from, text);
    result.add(name, text);
  }
  return result;
}

} // namespace troupe::net
