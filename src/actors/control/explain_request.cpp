// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/explain_request.hpp"

#include "core/reason.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/routing_view.hpp"
#include "net/http1/target.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <strings.h>
#include <vector>

namespace troupe::actors {

namespace json = boost::json;
namespace http1 = net::http1;

namespace {

/// Stands for the random id that a request gets.
constexpr std::string_view some_id = "(made for each request)";

/// Stands for a value of the configuration that whoever asks may not see.
constexpr std::string_view ruled_value = "(set)";

bool same_field(std::string_view a, std::string_view b) {
  return a.size() == b.size()
      && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// The bytes of the request's head.
std::string head_text(const imagined_request& x) {
  auto result = fmt::format("{} {} HTTP/1.1\r\n", x.method, x.target);
  const bool has_host =
    std::any_of(x.headers.begin(), x.headers.end(), [](const auto& header) {
      return same_field(header.first, "Host");
    });
  if (!has_host)
    result += fmt::format("Host: {}\r\n",
                          x.authority.empty() ? "localhost" : x.authority);
  for (const auto& [name, value] : x.headers)
    result += fmt::format("{}: {}\r\n", name, value);
  return result + "\r\n";
}

struct line {
  std::string_view name;
  std::string_view value;
};

/// Of a head that was written by us: every line has a name and a value.
std::vector<line> lines_of(std::string_view head) {
  std::vector<line> result;
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.starts_with("\r\n")) {
    const auto text = head.substr(0, head.find("\r\n"));
    head.remove_prefix(text.size() + 2);
    const auto colon = text.find(':');
    result.push_back({text.substr(0, colon), text.substr(colon + 2)});
  }
  return result;
}

/// @param hidden A guess must not be told that it is right.
const char* change_of(const line& x, const http1::request_head& head,
                      bool hidden) {
  bool named = false;
  for (const auto& field : head.all()) {
    if (!same_field(field.name, x.name))
      continue;
    named = true;
    if (!hidden && field.value == x.value)
      return "kept";
  }
  return named ? "changed" : "added";
}

routing::variable_values variables(const routing::request_view& view,
                                   const std::string& frontend,
                                   const std::string& route,
                                   const read_request& request,
                                   const imagined_request& what) {
  routing::variable_values result{view};
  result.port = http1::port_of(request.head->host);
  result.request_id = http1::effective_request_id(*request.head, some_id);
  result.frontend = frontend;
  result.route = route;
  result.node = what.node;
  return result;
}

json::object described(std::string_view out, const http1::field_rules& rules,
                       const http1::request_head& head, token_role role) {
  const auto lines = lines_of(out);
  json::array headers;
  for (const auto& x : lines) {
    const bool hidden =
      rules.writes(x.name)
      && (role != token_role::operate || is_secret_field(x.name));
    headers.push_back(json::object{{"name", x.name},
                                   {"value", hidden ? ruled_value : x.value},
                                   {"change", change_of(x, head, hidden)}});
  }
  json::array removed;
  for (const auto& field : head.all())
    if (std::none_of(lines.begin(), lines.end(), [&](const auto& x) {
          return same_field(x.name, field.name);
        }))
      removed.push_back(json::string{field.name});
  return {{"line", out.substr(0, out.find("\r\n"))},
          {"headers", std::move(headers)},
          {"removed", std::move(removed)}};
}

} // namespace

routing::request_view read_request::view(routing::scheme scheme) const {
  static const endpoint nobody;
  std::string unused;
  auto result = http1::routing_view(*head, client ? *client : nobody, unused);
  if (!client)
    result.client = nullptr;
  result.host = host;
  result.scheme = scheme;
  return result;
}

read_request read_imagined(const http_settings& http,
                           const imagined_request& what) {
  read_request result;
  result.text = std::make_shared<const std::string>(head_text(what));
  const auto head = std::make_shared<http1::request_head>();
  result.is_good =
    http1::parse_request(*result.text, http1::limits_of(http), *head)
    == http1::parse_status::done;
  result.head = head;
  result.client = what.client;
  const network_list trusted{http.trusted_proxies};
  result.is_trusted = what.client && trusted.contains(*what.client);
  if (!result.is_good)
    return result;
  http1::canonical_host(head->host, result.host);
  if (result.is_trusted)
    if (auto named = http1::forwarded_client(*head, trusted))
      result.client = named;
  return result;
}

json::object refused_with(unsigned status, std::string_view why,
                          std::string_view detail) {
  return {{"status", status}, {"reason", why}, {"detail", detail}};
}

std::string redirects_to(const frontend_settings& frontend,
                         const net::route_plan& plan,
                         const read_request& request,
                         const imagined_request& what) {
  const auto& answer = *plan.answers.front();
  if (!answer.location || !request.is_good)
    return {};
  const auto view = request.view(what.scheme);
  return net::location_of(*answer.location, variables(view, frontend.name,
                                                      plan.name, request, what))
    .value_or("");
}

json::object sent_on(const frontend_settings& frontend,
                     const net::route_plan& plan, const read_request& request,
                     const imagined_request& what, token_role role) {
  auto head = *request.head;
  const auto ip = what.client ? what.client->ip() : std::string{"(the client)"};
  http1::forward_context context;
  context.peer_ip = ip;
  context.trusted = request.is_trusted;
  context.scheme = to_string(what.scheme);
  context.request_id = some_id;
  net::changed_request changed;
  net::changed_response ignored;
  if (!plan.changes.empty()) {
    using outcome = net::head_changes::outcome;
    const auto view = request.view(what.scheme);
    const auto made = plan.changes.front()->change(
      head, variables(view, frontend.name, plan.name, request, what), changed,
      ignored);
    if (made == outcome::bad_host)
      return {{"refused", refused_with(400, to_string(reason::bad_request),
                                       "it is rewritten to a host that is "
                                       "none")}};
    if (made == outcome::too_long)
      return {{"refused", refused_with(431, to_string(reason::header_too_large),
                                       "what the route writes is too long")}};
    changed.apply(context);
  }
  std::string out(http1::request_size_max(head, plan.rules, context), '\0');
  out.resize(http1::write_request(head, plan.rules, context, out));
  return described(out, plan.rules.request, *request.head, role);
}

} // namespace troupe::actors
