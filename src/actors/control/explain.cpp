// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/explain.hpp"

#include "actors/control/explain_request.hpp"
#include "actors/control/explain_route.hpp"

#include "core/balance.hpp"
#include "core/reason.hpp"
#include "net/proxy/http_refusal.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace troupe::actors {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 6> algorithm_names{
  "round_robin", "weighted", "least_connections", "ip_hash", "random", "p2c"};

/// After the last ':' that is not part of an IPv6 address.
std::string port_of(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto bracket = address.rfind(']');
  if (colon == std::string::npos
      || (bracket != std::string::npos && colon < bracket))
    return {};
  return address.substr(colon + 1);
}

void explain_http(json::object& to, const frontend_settings& frontend,
                  const explained_route& route, const imagined_request& what,
                  token_role role) {
  const auto& request = route.request;
  const auto& plan = route.plan;
  if (!request.is_good) {
    const auto refused = net::refusal_of(request.head->error);
    to["refused"] = refused_with(refused.status, to_string(refused.why),
                                 request.head->error_detail);
    return;
  }
  if (!plan.answers.empty()) // it is sent nowhere
    return;
  const auto bytes_max = plan.http.max_body_bytes;
  if (const auto refused = net::refusal_of_body(*request.head, bytes_max)) {
    to["refused"] =
      refused_with(refused->status, to_string(refused->why),
                   fmt::format("more than max_body_bytes, {}", bytes_max));
    return;
  }
  auto sent = sent_on(frontend, plan, request, what, role);
  if (const auto* refused = sent.if_contains("refused"))
    to["refused"] = *refused;
  else
    to["request"] = std::move(sent);
  to["idempotent"] = request.head->idempotent;
}

// -- the server ---------------------------------------------------------------

bool is_full(const server_route& x) {
  return x.max_connections > 0
      && x.live->in_flight.load(std::memory_order_relaxed) >= x.max_connections;
}

json::array candidates(const backend_snapshot& backend) {
  json::array result;
  for (size_t i = 0; i < backend.servers.size(); ++i) {
    const auto& x = backend.servers[i];
    const bool usable =
      std::find(backend.usable.begin(), backend.usable.end(), i)
      != backend.usable.end();
    result.push_back(json::object{
      {"server", x.name},
      {"usable", usable},
      {"full", is_full(x)},
      {"rule", to_string(x.state.rule)},
      {"weight", x.weight},
      {"in_flight", x.live->in_flight.load(std::memory_order_relaxed)}});
  }
  return result;
}

/// Those that may be picked now, with their share of the weights.
std::string shares(const backend_snapshot& backend, bool weighted) {
  uint64_t sum = 0;
  for (const auto i : backend.usable)
    sum += backend.servers[i].weight;
  std::vector<std::string> result;
  for (const auto i : backend.usable) {
    const auto& x = backend.servers[i];
    result.push_back(weighted ? fmt::format("{} {} %", x.name,
                                            (100 * x.weight + sum / 2) / sum)
                              : x.name);
  }
  return fmt::format("{}", fmt::join(result, ", "));
}

struct choice {
  std::string server; ///< empty: it depends
  std::string why;
};

/// By the policy itself, as far as it depends on nothing that goes on.
choice choose(algorithm by, const backend_snapshot& backend,
              const std::optional<endpoint>& client) {
  if (backend.usable.empty())
    return {"", "no server is usable"};
  if (std::all_of(backend.usable.begin(), backend.usable.end(),
                  [&](auto i) { return is_full(backend.servers[i]); }))
    return {"", "every usable server is at its max_connections: it waits in "
                "the queue"};
  const auto pick = [&](uint64_t hash) {
    const auto index = make_policy(by, 0)->pick(backend, {hash, {}});
    return index == no_server ? std::string{} : backend.servers[index].name;
  };
  switch (by) {
  case algorithm::round_robin:
    return {"", "in turn, each worker by itself: " + shares(backend, false)};
  case algorithm::weighted:
    return {"", "in turn by weight: " + shares(backend, true)};
  case algorithm::random:
    return {"", "drawn by weight: " + shares(backend, true)};
  case algorithm::p2c:
    return {"",
            "the less busy of two that are drawn: " + shares(backend, true)};
  case algorithm::least_connections:
    return {pick(0), "the fewest requests under way for its weight"};
  case algorithm::ip_hash:
    if (!client)
      return {"", "depends on the client's address, which was not given"};
    return {pick(stable_hash(client->ip_bytes())),
            fmt::format("the client's address, {}, ranks it first of those "
                        "that are usable",
                        client->ip())};
  }
  return {};
}

/// Of a route that leads to no single backend.
std::string ends_here(const frontend_settings& frontend,
                      const explained_route& route,
                      const imagined_request& what) {
  const auto& plan = route.plan;
  if (!plan.answers.empty()) {
    const auto& answer = *plan.answers.front();
    if (!answer.location)
      return fmt::format("it answers with {}", answer.status);
    return fmt::format("it redirects with {} to {}", answer.status,
                       redirects_to(frontend, plan, route.request, what));
  }
  std::vector<std::string> parts;
  for (const auto& part : plan.split)
    parts.push_back(fmt::format("{} {}", part.backend, part.weight));
  return fmt::format("drawn by weight for each request: {}",
                     fmt::join(parts, ", "));
}

} // namespace

bool split_url(const std::string& url, imagined_request& into) {
  if (url.starts_with('/') || url == "*") {
    into.target = url;
    return true;
  }
  const auto begin = url.find("://") + 3;
  const auto scheme = url.substr(0, begin);
  if (scheme != "http://" && scheme != "https://")
    return false;
  into.scheme =
    scheme == "http://" ? routing::scheme::http : routing::scheme::https;
  const auto slash = std::min(url.find_first_of("/?", begin), url.size());
  into.authority = url.substr(begin, slash - begin);
  into.target = url.substr(slash);
  if (!into.target.starts_with('/'))
    into.target.insert(0, "/");
  return !into.authority.empty();
}

const frontend_settings* frontend_for(const settings& of,
                                      const std::string& name,
                                      const imagined_request& what,
                                      std::string& problem) {
  const auto port = port_of(what.authority);
  std::vector<const frontend_settings*> found;
  std::vector<std::string> all;
  for (const auto& x : of.frontends) {
    all.push_back(fmt::format("{} listens on {}", x.name, x.listen));
    if (!name.empty() ? x.name == name
                      : port.empty() || port_of(x.listen) == port)
      found.push_back(&x);
  }
  if (found.size() == 1)
    return found.front();
  const auto list = fmt::format("{}", fmt::join(all, ", "));
  if (!name.empty())
    problem = fmt::format("there is no frontend \"{}\"; {}", name, list);
  else if (found.empty())
    problem = fmt::format("no frontend listens on port {}; {}", port, list);
  else
    problem =
      fmt::format("name the frontend, or its port in the URL; {}", list);
  return nullptr;
}

bool is_secret_field(std::string_view name) noexcept {
  static constexpr std::string_view parts[] = {
    "auth",   "cookie",  "credential", "key",  "passw",
    "secret", "session", "signature",  "token"};
  return std::any_of(std::begin(parts), std::end(parts), [&](auto part) {
    return std::search(name.begin(), name.end(), part.begin(), part.end(),
                       [](char x, char y) { return (x | 0x20) == y; })
        != name.end();
  });
}

json::object explain(const frontend_settings& frontend,
                     const explained_route& route,
                     const backend_snapshot* backend,
                     const imagined_request& what, token_role role) {
  const bool http = frontend.protocol == protocol::http;
  const auto& plan = route.plan;
  json::object result{
    {"frontend", frontend.name},
    {"protocol", http ? "http" : "tcp"},
    {"route", route.route},
    {"readings", route.readings},
    {"backend", nullptr},
    {"algorithm", nullptr},
    {"refused", nullptr},
    {"request", nullptr},
    {"idempotent", nullptr},
    {"candidates", json::array{}},
    {"pick", nullptr},
    {"pick_why", ""},
    {"timeout_connect_ms", nullptr},
    {"timeout_response_ms", nullptr},
    {"retries_max", nullptr},
  };
  if (http)
    explain_http(result, frontend, route, what, role);
  const auto refuse = [&](unsigned status, reason why, const char* detail) {
    if (result["refused"].is_null())
      result["refused"] = refused_with(status, to_string(why), detail);
    result["request"] = nullptr;
  };
  if (route.ambiguous)
    refuse(400, reason::ambiguous_path,
           "servers may read its path in two ways, which lead to two routes");
  else if (!plan.answers.empty() || !plan.split.empty())
    result["pick_why"] = ends_here(frontend, route, what);
  else if (backend == nullptr)
    refuse(404, reason::no_route, "no route matches, and there is no backend");
  if (route.ambiguous || backend == nullptr)
    return result;
  result["backend"] = backend->name;
  result["algorithm"] = algorithm_names[static_cast<size_t>(plan.algorithm)];
  result["candidates"] = candidates(*backend);
  const auto chosen =
    choose(plan.algorithm, *backend, http ? route.request.client : what.client);
  if (!chosen.server.empty())
    result["pick"] = chosen.server;
  result["pick_why"] = chosen.why;
  if (result["refused"].is_null() && backend->usable.empty())
    result["refused"] = refused_with(503, to_string(reason::no_healthy_backend),
                                     "no server is usable");
  result["timeout_connect_ms"] = backend->timeout_connect.count();
  result["timeout_response_ms"] =
    plan.timeout_response.value_or(backend->timeout_response).count();
  result["retries_max"] = plan.retries_max.value_or(backend->retries_max);
  return result;
}

} // namespace troupe::actors
