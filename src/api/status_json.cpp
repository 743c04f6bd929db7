// SPDX-License-Identifier: BSD-3-Clause
#include "api/status_json.hpp"

#include "api/cluster_json.hpp"
#include "api/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace troupe::actors::api {

namespace json = boost::json;

namespace {

bool is_usable(const server_view& x) { return x.state.usable; }

json::object summary(const backend_view& x) {
  auto count = [&](auto&& test) {
    return std::count_if(x.servers.begin(), x.servers.end(), test);
  };
  return {{"name", view(x.name)},
          {"servers", x.servers.size()},
          {"usable", count(is_usable)},
          {"healthy", count([](auto& y) { return y.state.healthy; })},
          {"fail_open", x.fail_open}};
}

/// "app/a3" of each whose state here differs from the cluster's verdict.
name_list disputed(const status_body& x) {
  name_list result;
  for (const auto& backend : x.backends)
    for (const auto& server : backend.servers)
      if (server.disputed)
        result.push_back(backend.name + '/' + server.name);
  return result;
}

bool is_alive(const node_row& x) {
  return x.state == "alive" || x.state == "self";
}

size_t alive(const nodes_view& x) {
  return static_cast<size_t>(
    std::count_if(x.nodes.begin(), x.nodes.end(), is_alive));
}

void add_own(const status_body& x, std::vector<std::string>& to) {
  if (!x.ready)
    to.push_back("this node is not ready: " + x.why);
  if (x.config && !x.config->last_problems.empty())
    to.emplace_back("the last reload was refused; \"troupectl config show\" "
                    "says why");
  for (const auto& backend : x.backends)
    if (backend.fail_open)
      to.push_back(fmt::format("backend {} has no healthy server and uses all "
                               "of them (fail open)",
                               backend.name));
    else if (!backend.servers.empty()
             && std::none_of(backend.servers.begin(), backend.servers.end(),
                             is_usable))
      to.push_back(
        fmt::format("backend {} has no usable server", backend.name));
}

void add_nodes(const nodes_view& x, std::vector<std::string>& to) {
  if (!x.has_majority)
    to.emplace_back("this node sees no majority of the cluster: it trusts its "
                    "own probes, and the configuration cannot be changed");
  for (const auto& node : x.nodes)
    if (!is_alive(node))
      to.push_back(fmt::format("node {} is {}{}", node.name, node.state,
                               node.text.empty() ? "" : ": " + node.text));
}

void add_agreed(const register_view& x, std::vector<std::string>& to) {
  const auto& at = x.status;
  if (!at.no_vote.empty())
    to.push_back("this node does not vote: " + at.no_vote);
  else if (at.committed != at.applied)
    to.push_back(fmt::format("generation {} is committed, but this node still "
                             "runs {}; its log says why",
                             at.committed.generation, at.applied.generation));
  for (const auto* text : {&at.obstacle, &at.conflict, &at.way_out})
    if (!text->empty())
      to.push_back(*text);
}

json::value cluster_of(const status_body& x) {
  if (!x.nodes)
    return nullptr;
  json::object result{{"name", view(x.nodes->cluster)},
                      {"nodes", x.nodes->nodes.size()},
                      {"alive", alive(*x.nodes)},
                      {"has_majority", x.nodes->has_majority},
                      {"votes", nullptr},
                      {"disputed", to_array(disputed(x))}};
  if (x.agreed)
    result["votes"] = x.agreed->status.votes;
  return result;
}

} // namespace

std::vector<std::string> degradations(const status_body& x) {
  std::vector<std::string> result;
  add_own(x, result);
  if (x.nodes)
    add_nodes(*x.nodes, result);
  if (x.agreed)
    add_agreed(*x.agreed, result);
  if (const auto names = disputed(x); !names.empty())
    result.push_back(fmt::format("this node and the cluster disagree about {}; "
                                 "\"troupectl why\" shows what each node saw",
                                 fmt::join(names, ", ")));
  return result;
}

json::object to_json(const status_body& x) {
  json::array backends;
  for (const auto& backend : x.backends)
    backends.emplace_back(summary(backend));
  json::object result{{"node", view(x.node)},
                      {"version", view(x.version)},
                      {"uptime_s", x.uptime_s},
                      {"ready", x.ready},
                      {"ready_why", view(x.why)},
                      {"workers", x.workers},
                      {"connections", x.connections},
                      {"connection_limit", x.connection_limit},
                      {"generation", nullptr},
                      {"last_reload_ok", nullptr},
                      {"cluster", cluster_of(x)},
                      {"degraded", to_array(degradations(x))},
                      {"backends", std::move(backends)},
                      {"unanswered", to_array(x.unanswered)}};
  if (x.config) {
    result["generation"] = x.config->generation;
    result["last_reload_ok"] = x.config->last_problems.empty();
  }
  return result;
}

} // namespace troupe::actors::api
