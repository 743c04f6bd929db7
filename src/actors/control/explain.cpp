// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/explain.hpp"

#include "actors/control/explain_route.hpp"

#include "core/balance.hpp"
#include "core/reason.hpp"
#include "net/http1/forward.hpp"
#include "net/proxy/http_refusal.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <strings.h>

namespace troupe::actors {

namespace json = boost::json;
namespace http1 = net::http1;

namespace {

constexpr std::array<std::string_view, 6> algorithm_names{
  "round_robin", "weighted", "least_connections", "ip_hash", "random", "p2c"};

/// Stands for the random id that a request gets.
constexpr std::string_view some_id = "(made for each request)";

/// Stands for a value of the configuration that whoever asks may not see.
constexpr std::string_view set_value = "(set)";

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size()
      && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// After the last ':' that is not part of an IPv6 address.
std::string port_of(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto bracket = address.rfind(']');
  if (colon == std::string::npos
      || (bracket != std::string::npos && colon < bracket))
    return {};
  return address.substr(colon + 1);
}

// -- the request as the server would get it -----------------------------------

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
    if (!same_name(field.name, x.name))
      continue;
    named = true;
    if (!hidden && field.value == x.value)
      return "kept";
  }
  return named ? "changed" : "added";
}

bool is_trusted(const http_settings& http, const imagined_request& what) {
  return what.client
      && network_list{http.trusted_proxies}.contains(*what.client);
}

bool is_set_by(const header_rules& rules, std::string_view name) {
  return std::any_of(rules.set.begin(), rules.set.end(),
                     [&](const auto& x) { return same_name(x.first, name); });
}

json::object sent_on(const http1::request_head& head, const http_settings& http,
                     const imagined_request& what, token_role role) {
  const http1::forward_rules rules{http};
  const auto ip = what.client ? what.client->ip() : std::string{"(the client)"};
  http1::forward_context context;
  context.peer_ip = ip;
  context.trusted = is_trusted(http, what);
  context.request_id = some_id;
  std::string out(http1::request_size_max(head, rules, context), '\0');
  out.resize(http1::write_request(head, rules, context, out));
  const auto lines = lines_of(out);
  json::array headers;
  for (const auto& x : lines) {
    const bool hidden =
      is_set_by(http.request_headers, x.name)
      && (role != token_role::operate || is_secret_field(x.name));
    headers.push_back(json::object{{"name", x.name},
                                   {"value", hidden ? set_value : x.value},
                                   {"change", change_of(x, head, hidden)}});
  }
  json::array removed;
  for (const auto& field : head.all())
    if (std::none_of(lines.begin(), lines.end(), [&](const auto& x) {
          return same_name(x.name, field.name);
        }))
      removed.push_back(json::string{field.name});
  return {{"line", std::string_view{out}.substr(0, out.find("\r\n"))},
          {"headers", std::move(headers)},
          {"removed", std::move(removed)}};
}

json::object refused_with(unsigned status, std::string_view why,
                          std::string_view detail) {
  return {{"status", status}, {"reason", why}, {"detail", detail}};
}

void explain_http(json::object& to, const http_settings& http,
                  const imagined_request& what, token_role role) {
  const auto text = head_text(what);
  const auto head = std::make_unique<http1::request_head>();
  const auto status = http1::parse_request(text, http1::limits_of(http), *head);
  if (status != http1::parse_status::done) {
    const auto refused = net::refusal_of(head->error);
    to["refused"] =
      refused_with(refused.status, to_string(refused.why), head->error_detail);
    return;
  }
  if (const auto refused = net::refusal_of_body(*head, http.max_body_bytes)) {
    to["refused"] = refused_with(
      refused->status, to_string(refused->why),
      fmt::format("more than max_body_bytes, {}", http.max_body_bytes));
    return;
  }
  to["request"] = sent_on(*head, http, what, role);
  to["idempotent"] = head->idempotent;
}

/// For a policy that asks for it.
std::optional<endpoint> picked_for(const frontend_settings& frontend,
                                   const imagined_request& what) {
  if (frontend.protocol == protocol::tcp)
    return what.client;
  const auto text = head_text(what);
  const auto head = std::make_unique<http1::request_head>();
  return http1::parse_request(text, http1::limits_of(frontend.http), *head)
          == http1::parse_status::done
         ? client_of(*head, frontend.http, what)
         : what.client;
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
std::string ends_here(const net::route_plan& plan) {
  if (plan.answer)
    return fmt::format(
      "{} {}", plan.answer->location ? "it redirects with" : "it answers with",
      plan.answer->status);
  std::vector<std::string> parts;
  for (const auto& part : plan.split)
    parts.push_back(fmt::format("{} {}", part.backend, part.weight));
  return fmt::format("drawn by weight for each request: {}",
                     fmt::join(parts, ", "));
}

} // namespace

bool split_url(const std::string& url, imagined_request& into) {
  static constexpr std::string_view scheme = "http://";
  if (url.starts_with('/') || url == "*") {
    into.target = url;
    return true;
  }
  if (!url.starts_with(scheme))
    return false;
  const auto begin = scheme.size();
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

std::string head_text(const imagined_request& x) {
  auto result = fmt::format("{} {} HTTP/1.1\r\n", x.method, x.target);
  const bool has_host =
    std::any_of(x.headers.begin(), x.headers.end(), [](const auto& header) {
      return same_name(header.first, "Host");
    });
  if (!has_host)
    result += fmt::format("Host: {}\r\n",
                          x.authority.empty() ? "localhost" : x.authority);
  for (const auto& [name, value] : x.headers)
    result += fmt::format("{}: {}\r\n", name, value);
  return result + "\r\n";
}

std::optional<endpoint> client_of(const http1::request_head& head,
                                  const http_settings& http,
                                  const imagined_request& what) {
  if (is_trusted(http, what))
    if (auto named =
          http1::forwarded_client(head, network_list{http.trusted_proxies}))
      return named;
  return what.client;
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
    explain_http(result, plan.http, what, role);
  const auto refuse = [&](unsigned status, reason why, const char* detail) {
    if (result["refused"].is_null())
      result["refused"] = refused_with(status, to_string(why), detail);
    result["request"] = nullptr;
  };
  if (route.ambiguous)
    refuse(400, reason::ambiguous_path,
           "servers may read its path in two ways, which lead to two routes");
  else if (plan.answer || !plan.split.empty())
    result["pick_why"] = ends_here(plan);
  else if (backend == nullptr)
    refuse(404, reason::no_route, "no route matches, and there is no backend");
  if (route.ambiguous || backend == nullptr)
    return result;
  result["backend"] = backend->name;
  result["algorithm"] = algorithm_names[static_cast<size_t>(plan.algorithm)];
  result["candidates"] = candidates(*backend);
  const auto chosen =
    choose(plan.algorithm, *backend, picked_for(frontend, what));
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
