// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "ctl/wording.hpp"

#include <fmt/format.h>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

cell readiness(const json::object& x) {
  if (flag(x, "ready"))
    return {"yes", tone::good};
  return {"no: " + text(x, "ready_why"), tone::bad};
}

std::string connections(const json::object& x) {
  const auto limit = number(x, "connection_limit").value_or(0);
  const auto open = text(x, "connections");
  return limit == 0 ? open : fmt::format("{} of at most {}", open, limit);
}

cell applied_generation(const json::object& x) {
  if (!number(x, "generation"))
    return {"unknown", tone::warning};
  if (flag(x, "last_reload_ok"))
    return text(x, "generation");
  return {text(x, "generation")
            + "; the last reload was refused, see \"troupectl config show\"",
          tone::warning};
}

cell cluster_of(const json::object& x) {
  const auto& cluster = part(x, "cluster");
  const auto nodes = number(cluster, "nodes").value_or(0);
  const auto alive = number(cluster, "alive").value_or(0);
  const bool majority = flag(cluster, "has_majority");
  return {fmt::format("{}: {} of {} nodes alive, {}", text(cluster, "name"),
                      alive, nodes, majority ? "a majority" : "no majority"),
          !majority        ? tone::bad
          : alive == nodes ? tone::good
                           : tone::warning};
}

bool is_degraded(const json::object& x) {
  return !texts(x, "degraded").empty();
}

table backends_of(const json::object& x) {
  table result{{{"BACKEND", false, true},
                {"SERVERS", true},
                {"USABLE", true},
                {"HEALTHY", true},
                {""}}};
  for (const auto* backend : parts(x, "backends")) {
    const auto usable = number(*backend, "usable").value_or(0);
    const auto all = number(*backend, "servers").value_or(0);
    const auto shade = usable == 0   ? tone::bad
                     : usable == all ? tone::good
                                     : tone::warning;
    const bool forced = flag(*backend, "fail_open");
    result.add({text(*backend, "name"),
                text(*backend, "servers"),
                {text(*backend, "usable"), shade},
                text(*backend, "healthy"),
                {forced ? "fail open" : "", tone::warning}});
  }
  return result;
}

std::string render_status(const json::object& x, const screen& to) {
  const milliseconds up{1000 * number(x, "uptime_s").value_or(0)};
  facts result;
  result.add("node", fmt::format("{}, trouped {}, up for {}", text(x, "node"),
                                 text(x, "version"), elapsed(up)));
  result.add("ready", readiness(x));
  result.add("workers", text(x, "workers"));
  result.add("connections", connections(x));
  result.add("generation", applied_generation(x));
  if (x.contains("cluster") && x.at("cluster").is_object())
    result.add("cluster", cluster_of(x));
  for (const auto& why : texts(x, "degraded"))
    result.add("degraded", {why, tone::bad});
  const auto backends = backends_of(x);
  return result.render(to)
       + (backends.empty() ? "" : "\n" + backends.render(to));
}

exit_code status(context& with) {
  const auto answer = with.ask({.path = "/v1/status"});
  const auto shown = with.show(answer, render_status);
  return is_degraded(answer.body) ? exit_code::failed : shown;
}

} // namespace

void add_status_verb(command_line& to) {
  to.add(groups::looking,
         {"status", "Shows a summary of the node and its cluster",
          "  troupectl status\n"
          "  troupectl status -o json | jq .degraded\n\n"
          "Exit code 1 if something is degraded: each such thing has a line. A "
          "server\nthat is down or drained does not count while another one "
          "is usable.\n"},
         status);
}

} // namespace troupe::ctl
