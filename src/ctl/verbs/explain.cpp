// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "ctl/wording.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

struct explain_options {
  std::string method;
  std::string url;
  std::vector<std::string> headers;
  std::string client;
  std::string frontend;
};

std::string milliseconds_of(const json::object& x, std::string_view key) {
  return elapsed(milliseconds{number(x, key).value_or(0)});
}

void add_refusal(facts& to, const json::object& refused) {
  to.add("refused",
         {fmt::format("{} {}: {}", text(refused, "status"),
                      text(refused, "reason"), text(refused, "detail")),
          tone::bad});
}

void add_head(facts& to, const json::object& request) {
  to.add("sent on", text(request, "line"));
  for (const auto* header : parts(request, "headers")) {
    const auto change = text(*header, "change");
    to.add(
      "  " + (change == "kept" ? std::string{} : change),
      {fmt::format("{}: {}", text(*header, "name"), text(*header, "value")),
       change == "kept" ? tone::plain : tone::good});
  }
  for (const auto& name : texts(request, "removed"))
    to.add("  removed", {name, tone::warning});
}

std::string route_name(const json::object& route) {
  const auto index = fmt::format("routes[{}]", text(route, "index"));
  const auto name = text(route, "name");
  return name.empty() || name == "-" ? index
                                     : fmt::format("{}, {}", name, index);
}

/// Where more than one reading of the path counts, each has its own lines.
void add_route(facts& to, const json::object& x) {
  const auto readings = parts(x, "readings");
  for (const auto* reading : readings) {
    const auto& route = part(*reading, "route");
    const auto name =
      route.empty() ? std::string{"none matches"} : route_name(route);
    to.add("route", readings.size() > 1
                      ? fmt::format("{} for {}", name, text(*reading, "path"))
                      : name);
    for (const auto* each : parts(*reading, "passed_over"))
      to.add("  not " + route_name(*each), text(*each, "why"));
  }
}

std::string servers_table(const json::object& x, const screen& to) {
  table result{{{"SERVER", false, true},
                {"CAN TAKE IT"},
                {"RULE", false, true},
                {"WEIGHT", true},
                {"ACTIVE", true}}};
  for (const auto* each : parts(x, "candidates")) {
    const bool usable = flag(*each, "usable");
    const bool full = flag(*each, "full");
    result.add({text(*each, "server"),
                !usable ? cell{"no", tone::bad}
                : full  ? cell{"when free", tone::warning}
                        : cell{"yes", tone::good},
                text(*each, "rule"), text(*each, "weight"),
                text(*each, "in_flight")});
  }
  return result.render(to);
}

std::string render_explain(const json::object& x, const screen& to) {
  facts result;
  result.add("frontend",
             fmt::format("{}, {}", text(x, "frontend"), text(x, "protocol")));
  add_route(result, x);
  if (text(x, "backend") != "-")
    result.add("backend", fmt::format("{} by {}", text(x, "backend"),
                                      text(x, "algorithm")));
  if (const auto& refused = part(x, "refused"); !refused.empty())
    add_refusal(result, refused);
  if (const auto& request = part(x, "request"); !request.empty())
    add_head(result, request);
  if (text(x, "backend") == "-") {
    if (!text(x, "pick_why").empty() && text(x, "pick_why") != "-")
      result.add("goes to", text(x, "pick_why"));
    return result.render(to);
  }
  const auto pick = text(x, "pick");
  const auto why = text(x, "pick_why");
  result.add("goes to", pick == "-" ? why : pick + ": " + why);
  result.add("if it fails",
             fmt::format("up to {} more tries; {} to connect, {} for the first "
                         "byte",
                         text(x, "retries_max"),
                         milliseconds_of(x, "timeout_connect_ms"),
                         milliseconds_of(x, "timeout_response_ms")));
  return result.render(to) + '\n' + servers_table(x, to);
}

exit_code explain(context& with, const explain_options& given) {
  auto path = fmt::format("/v1/explain?method={}&url={}",
                          path_part(given.method), path_part(given.url));
  for (const auto& header : given.headers)
    path += "&header=" + path_part(header);
  if (!given.client.empty())
    path += "&client=" + path_part(given.client);
  if (!given.frontend.empty())
    path += "&frontend=" + path_part(given.frontend);
  return with.show(with.ask({.path = path}), render_explain);
}

} // namespace

void add_explain_verb(command_line& to) {
  auto given = std::make_shared<explain_options>();
  auto& verb = to.add(
    groups::looking,
    {"explain", "Explains what would happen to a request",
     "  troupectl explain GET /cart\n"
     "  troupectl explain POST http://shop.example:8080/cart -H "
     "'Accept: text/html'\n"
     "  troupectl explain GET / --client 198.51.100.7    for ip_hash\n\n"
     "Nothing is sent: the node applies its own parser, header rules and\n"
     "algorithm.\n"},
    [given](context& with) { return explain(with, *given); });
  verb.add_option("METHOD", given->method, "GET, POST, ...")
    ->required()
    ->option_text(" ");
  verb
    .add_option(
      "URL", given->url,
      "http[s]://HOST[:PORT]/PATH, or /PATH if there is\nonly one frontend")
    ->required()
    ->option_text(" ");
  verb
    .add_option("-H,--header", given->headers,
                "a field of the request; may be repeated")
    ->option_text("'NAME: VALUE'")
    ->allow_extra_args(false);
  verb.add_option("--client", given->client, "the client's address")
    ->option_text("IP");
  verb
    .add_option("--frontend", given->frontend,
                "instead of the one with the URL's port")
    ->option_text("NAME");
}

} // namespace troupe::ctl
