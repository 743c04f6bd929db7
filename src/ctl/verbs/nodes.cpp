// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/node_state.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

std::string version_of(const json::object& x) {
  const auto generation = text(x, "generation");
  return number(x, "epoch").value_or(1) > 1
         ? fmt::format("{} of epoch {}", generation, text(x, "epoch"))
         : generation;
}

/// Committed and applied are two facts.
cell generation(const json::object& x) {
  const auto& committed = part(x, "committed");
  if (number(committed, "generation").value_or(0) == 0)
    return {"none yet: each node serves with its own file", tone::warning};
  const auto agreed = version_of(committed);
  const auto applied = version_of(part(x, "applied"));
  if (agreed == applied)
    return {agreed, tone::good};
  return {fmt::format("{} is committed, but this node still runs {}; its log "
                      "says why",
                      agreed, applied),
          tone::bad};
}

cell vote(const json::object& x) {
  if (flag(x, "votes"))
    return {"yes", tone::good};
  const auto why = text(x, "no_vote");
  return {"no: " + (why.empty() || why == "-" ? text(x, "standing") : why),
          tone::warning};
}

/// Of a row: a node that has not said, or that is not in the list, is unknown.
cell votes_of_node(const json::object& x) {
  const auto* votes = x.if_contains("votes");
  if (votes == nullptr || !votes->is_bool())
    return "-";
  return votes->get_bool() ? cell{"yes"} : cell{"no", tone::warning};
}

void add_trouble(facts& to, const json::object& x, const char* key,
                 const char* name = nullptr) {
  if (const auto words = text(x, key); !words.empty() && words != "-")
    to.add(name ? name : key, {words, tone::bad});
}

facts facts_of_one(const json::object& x) {
  facts about;
  about.add("cluster",
            fmt::format("none: {} is a node on its own", text(x, "node")));
  about.add("generation", text(part(x, "applied"), "generation"));
  return about;
}

facts facts_of(const json::object& x) {
  facts about;
  about.add("cluster",
            fmt::format("{}, seen by {}", text(x, "cluster"), text(x, "node")));
  about.add(
    "majority",
    flag(x, "has_majority")
      ? cell{"yes", tone::good}
      : cell{"no: the node trusts its own probes, and the configuration "
             "cannot be changed",
             tone::bad});
  about.add("generation", generation(x));
  about.add("votes", vote(x));
  add_trouble(about, x, "obstacle");
  add_trouble(about, x, "conflict");
  add_trouble(about, x, "way_out", "way out");
  return about;
}

std::string render_nodes(const json::object& x, const screen& to) {
  const auto about = is_in_cluster(x) ? facts_of(x) : facts_of_one(x);
  table rows{{{"NODE", false, true},
              {"ADDRESS", false, true},
              {"STATE"},
              {"VOTES"},
              {"WHY", false, true}}};
  for (const auto* node : parts(x, "nodes"))
    rows.add({text(*node, "name"), text(*node, "address"), state_of_node(*node),
              votes_of_node(*node), text(*node, "text")});
  return about.render(to) + '\n' + rows.render(to);
}

exit_code nodes(context& with) {
  return with.show(with.ask({.path = "/v1/nodes"}), render_nodes);
}

} // namespace

void add_nodes_verb(command_line& to) {
  to.add(groups::looking,
         {"nodes", "Shows the cluster as the asked node sees it",
          "  troupectl nodes\n"
          "  troupectl nodes -o json | jq .committed\n"},
         nodes);
}

} // namespace troupe::ctl
