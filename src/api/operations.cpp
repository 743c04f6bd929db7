// SPDX-License-Identifier: BSD-3-Clause
#include "api/operations.hpp"

#include "api/http/target.hpp"

#include "api/cluster_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

namespace troupe::actors::api {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info",
                                                      "warn", "error"};
constexpr std::array<std::string_view, 3> admin_names{
  to_string(admin_state::ready), to_string(admin_state::drain),
  to_string(admin_state::maint)};
constexpr unsigned weight_max = 1000;
constexpr uint32_t connections_max = 10'000;

using parts = std::vector<std::string_view>;

// -- small readers ------------------------------------------------------------

template <class T>
std::optional<T> read_number(std::string_view text) {
  T value{};
  auto [end, error] =
    std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// The value of `name` in "a=1&b=2".
std::optional<std::string_view> query_value(std::string_view query,
                                            std::string_view name) {
  while (!query.empty()) {
    auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    auto key = pair.substr(0, pair.find('='));
    if (key == name)
      return pair.substr(std::min(pair.size(), key.size() + 1));
  }
  return std::nullopt;
}

template <size_t N>
std::optional<size_t> index_of(const std::array<std::string_view, N>& names,
                               std::string_view name) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

/// The index of the word under `value`.
template <size_t N>
std::optional<size_t> index_of(const std::array<std::string_view, N>& names,
                               const json::value& value) {
  if (!value.is_string())
    return std::nullopt;
  const auto& text = value.get_string();
  return index_of(names, std::string_view{text.data(), text.size()});
}

std::optional<json::object> read_object(const std::string& body) {
  json::error_code ec;
  auto value = json::parse({body.data(), body.size()}, ec);
  if (ec || !value.is_object())
    return std::nullopt;
  return std::move(value.get_object());
}

// -- bodies -------------------------------------------------------------------

/// Reads one key of a change. @returns what is wrong with it, or nothing.
std::string read_change(std::string_view key, const json::value& value,
                        change_server& to) {
  auto& out = to.change;
  if (key == "admin") {
    auto index = index_of(admin_names, value);
    if (!index)
      return "admin: expected \"ready\", \"drain\" or \"maint\"";
    out.admin = static_cast<admin_state>(*index);
  } else if (key == "weight") {
    json::error_code ec;
    auto weight = value.to_number<unsigned>(ec);
    if (ec || weight < 1 || weight > weight_max)
      return fmt::format("weight: expected a number in 1..{}; to take a server "
                         "out of rotation use {{\"admin\":\"drain\"}}",
                         weight_max);
    out.weight = weight;
  } else if (key == "reset_weight") {
    if (!value.is_bool())
      return "reset_weight: expected true or false";
    out.reset_weight = value.get_bool();
  } else if (key == "message") {
    if (!value.is_string())
      return "message: expected a string";
    to.message = {value.get_string().data(), value.get_string().size()};
  } else {
    return fmt::format("unknown key \"{}\"; known are admin, weight, "
                       "reset_weight and message",
                       key);
  }
  return {};
}

operation make_change(const parts& names, const admin::request& request) {
  auto body = read_object(request.body);
  if (!body)
    return refusal{400, "expected a JSON object such as {\"admin\":\"drain\"}"};
  change_server result{std::string{names[0]},
                       {std::string{names[1]}, std::nullopt, std::nullopt},
                       {}};
  for (const auto& [key, value] : *body)
    if (auto wrong = read_change({key.data(), key.size()}, value, result);
        !wrong.empty())
      return refusal{400, std::move(wrong)};
  const auto& change = result.change;
  if (change.weight && change.reset_weight)
    return refusal{400, "weight and reset_weight exclude each other"};
  if (!change.admin && !change.weight && !change.reset_weight)
    return refusal{400, "nothing to change: give admin, weight or "
                        "reset_weight"};
  return result;
}

operation make_set_log_level(const parts&, const admin::request& request) {
  auto body = read_object(request.body);
  const auto* value = body ? body->if_contains("level") : nullptr;
  auto index = value != nullptr ? index_of(level_names, *value) : std::nullopt;
  if (!index || body->size() != 1)
    return refusal{400, fmt::format("expected {{\"level\":\"LEVEL\"}}, LEVEL "
                                    "being one of {}",
                                    fmt::join(level_names, ", "))};
  return set_log_level{static_cast<log_level>(*index)};
}

operation make_close(const parts& names, const admin::request&) {
  auto id = read_number<uint64_t>(names[0]);
  if (!id)
    return refusal{400, "a connection's id is a number"};
  return close_one{*id};
}

operation make_get_connections(const parts&, const admin::request& request) {
  auto text = query_value(request.query, "limit");
  if (!text)
    return get_connections{};
  auto limit = read_number<uint32_t>(*text);
  if (!limit || *limit < 1 || *limit > connections_max)
    return refusal{400, fmt::format("limit: expected 1..{}", connections_max)};
  return get_connections{*limit};
}

operation make_get_events(const parts&, const admin::request& request) {
  get_events result;
  result.stream = request.accept.find("text/event-stream") != std::string::npos;
  auto after = query_value(request.query, "after");
  if (!request.last_event_id.empty()) // a browser that connects again
    after = request.last_event_id;
  if (after && !(result.after = read_number<uint64_t>(*after)))
    return refusal{400, "after: expected the id of an event"};
  if (const auto kind = query_value(request.query, "kind");
      kind && !(result.kind = event_kind_of(*kind)))
    return refusal{400, "kind: expected one of daemon, server, operation, "
                        "config, cluster, verdict, actor"};
  if (const auto text = query_value(request.query, "limit")) {
    const auto limit = read_number<uint32_t>(*text);
    if (!limit || *limit < 1 || *limit > event_ring::events_max)
      return refusal{
        400, fmt::format("limit: expected 1..{}", event_ring::events_max)};
    result.limit = *limit;
  }
  return result;
}

/// All values of `name`, decoded; nothing if one cannot be.
std::optional<std::vector<std::string>> decoded_values(std::string_view query,
                                                       std::string_view name) {
  std::vector<std::string> result;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.substr(0, pair.find('=')) != name)
      continue;
    auto value = admin::percent_decoded(
      pair.substr(std::min(pair.size(), name.size() + 1)));
    if (!value)
      return std::nullopt;
    result.push_back(*std::move(value));
  }
  return result;
}

/// The one value of `name`, decoded; empty if there is none or it is no good.
std::string decoded_value(std::string_view query, std::string_view name) {
  const auto all = decoded_values(query, name);
  return all && !all->empty() ? all->back() : std::string{};
}

std::optional<endpoint> address_of(const std::string& ip) {
  return endpoint::parse(ip.find(':') == std::string::npos ? ip + ":1"
                                                           : "[" + ip + "]:1");
}

operation make_get_explain(const parts&, const admin::request& request) {
  get_explain result;
  const std::string_view query = request.query;
  auto& what = result.what;
  what.method = decoded_value(query, "method");
  if (what.method.empty())
    what.method = "GET";
  if (!split_url(decoded_value(query, "url"), what))
    return refusal{400, "url: expected http[s]://HOST[:PORT]/PATH or /PATH"};
  const auto headers = decoded_values(query, "header");
  if (!headers)
    return refusal{400, "header: not percent-encoded"};
  for (const auto& header : *headers) {
    const auto colon = header.find(':');
    if (colon == 0 || colon == std::string::npos)
      return refusal{400, "header: expected NAME: VALUE"};
    const auto value =
      std::min(header.find_first_not_of(' ', colon + 1), header.size());
    what.headers.emplace_back(header.substr(0, colon), header.substr(value));
  }
  if (const auto client = decoded_value(query, "client"); !client.empty()) {
    what.client = address_of(client);
    if (!what.client)
      return refusal{400, "client: expected an IP address"};
  }
  result.frontend = decoded_value(query, "frontend");
  return result;
}

operation make_get_actors(const parts&, const admin::request& request) {
  return get_actors{query_value(request.query, "connections") == "1"};
}

template <class T>
operation make(const parts&, const admin::request&) {
  return T{};
}

// -- routes -------------------------------------------------------------------

/// `*` in a path stands for one part, which is given to `make`.
struct route {
  std::string_view method;
  std::string_view path;
  operation (*make)(const parts&, const admin::request&);
};

constexpr route common_routes[] = {
  {"GET", "/metrics", make<get_metrics>},
  {"GET", "/healthz", make<get_health>},
  {"GET", "/readyz", make<get_ready>},
};

const route admin_routes[] = {
  {"GET", "/v1/openapi.json", make<get_openapi>},
  {"GET", "/v1/version", make<get_version>},
  {"GET", "/v1/access", make<get_access>},
  {"GET", "/v1/status", make<get_status>},
  {"GET", "/v1/backends", make<get_backends>},
  {"GET", "/v1/backends/*",
   [](const parts& x, const admin::request&) -> operation {
     return get_backend{std::string{x[0]}};
   }},
  {"GET", "/v1/why/*/*",
   [](const parts& x, const admin::request&) -> operation {
     return get_why{std::string{x[0]}, std::string{x[1]}};
   }},
  {"GET", "/v1/actors", make_get_actors},
  {"GET", "/v1/connections", make_get_connections},
  {"GET", "/v1/traffic", make<get_traffic>},
  {"GET", "/v1/events", make_get_events},
  {"GET", "/v1/explain", make_get_explain},
  {"GET", "/v1/config", make<get_config>},
  {"GET", "/v1/log-level", make<get_log_level>},
  {"POST", "/v1/servers/*/*", make_change},
  {"POST", "/v1/reload", make<reload>},
  {"GET", "/v1/nodes", make<get_nodes>},
  {"GET", "/v1/observations", make<get_observations>},
  {"GET", "/v1/config/history", make<get_history>},
  {"POST", "/v1/config",
   [](const parts&, const admin::request& x) { return make_apply_config(x); }},
  {"POST", "/v1/config/rollback",
   [](const parts&, const admin::request& x) { return make_roll_back(x); }},
  {"POST", "/v1/cluster/form",
   [](const parts&, const admin::request& x) {
     return make_cluster_order(x, cluster_verb::form);
   }},
  {"POST", "/v1/cluster/recover",
   [](const parts&, const admin::request& x) {
     return make_cluster_order(x, cluster_verb::recover);
   }},
  {"POST", "/v1/cluster/adopt",
   [](const parts&, const admin::request& x) {
     return make_cluster_order(x, cluster_verb::adopt);
   }},
  {"POST", "/v1/connections/*/close", make_close},
  {"POST", "/v1/log-level", make_set_log_level},
  {"PUT", "/v1/log-level", make_set_log_level},
};

/// Takes the text up to the next '/' off the front, with the slash.
std::string_view take_part(std::string_view& path) {
  auto part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), part.size() + 1));
  return part;
}

std::optional<parts> match(std::string_view pattern, std::string_view path) {
  if (std::count(pattern.begin(), pattern.end(), '/')
      != std::count(path.begin(), path.end(), '/'))
    return std::nullopt;
  parts result;
  while (!pattern.empty() || !path.empty()) {
    auto wanted = take_part(pattern);
    auto part = take_part(path);
    if (wanted == "*" && !part.empty())
      result.push_back(part);
    else if (wanted != part)
      return std::nullopt;
  }
  return result;
}

struct found_route {
  const route* what = nullptr; ///< none if there is none
  parts names;
  std::vector<std::string_view> allowed; ///< methods of the path, if none fits
};

void look_up(std::span<const route> routes, const admin::request& request,
             found_route& result) {
  for (const auto& x : routes) {
    auto names = result.what ? std::nullopt : match(x.path, request.path);
    if (!names)
      continue;
    if (x.method == request.method) {
      result.what = &x;
      result.names = *std::move(names);
    } else {
      result.allowed.push_back(x.method);
    }
  }
}

found_route look_up(const admin::request& request, api_door door) {
  found_route result;
  look_up(common_routes, request, result);
  if (door == api_door::admin)
    look_up(admin_routes, request, result);
  return result;
}

refusal no_route(const admin::request& request, const found_route& found) {
  if (found.allowed.empty())
    return {404, fmt::format("there is no {}", request.path)};
  auto allowed = fmt::format("{}", fmt::join(found.allowed, ", "));
  auto text = fmt::format("{} does not have {}; allowed: {}", request.path,
                          request.method, allowed);
  return {405, std::move(text), std::move(allowed)};
}

} // namespace

operation parse(const admin::request& request, api_door door) {
  const auto found = look_up(request, door);
  if (found.what == nullptr)
    return no_route(request, found);
  return found.what->make(found.names, request);
}

std::optional<refusal> check_head(const admin::request& request,
                                  api_door door) {
  const auto found = look_up(request, door);
  if (found.what != nullptr)
    return std::nullopt;
  return no_route(request, found);
}

std::optional<std::string> node_of(const admin::request& request) {
  if (!request.path.starts_with("/v1/"))
    return std::nullopt;
  const auto found = query_value(request.query, "node");
  return found ? std::optional{std::string{*found}} : std::nullopt;
}

std::string without_node(std::string_view query) {
  std::string result;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair != "node" && !pair.starts_with("node="))
      result.append(result.empty() ? "" : "&").append(pair);
  }
  return result;
}

std::vector<route_name> all_routes() {
  std::vector<route_name> result;
  for (const auto& x : common_routes)
    result.push_back({x.method, x.path});
  for (const auto& x : admin_routes)
    result.push_back({x.method, x.path});
  return result;
}

std::string_view to_string(log_level x) noexcept {
  return level_names[static_cast<size_t>(x)];
}

} // namespace troupe::actors::api
