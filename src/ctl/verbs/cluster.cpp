// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/agreement.hpp"
#include "ctl/fields.hpp"
#include "ctl/verbs.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

/// What only an operator can decide, told before it is done.
struct order {
  std::string verb;
  std::string warning; ///< "{}" stands for the nodes
  std::vector<std::string> nodes;
  std::string message;
  bool sure = false;
};

/// Whoever decides this types the cluster's name: a habit of typing "yes" must
/// not do.
void confirm(context& with, const order& x) {
  if (x.sure)
    return;
  const auto name = text(with.ask({.path = "/v1/nodes"}).body, "cluster");
  const auto typed = with.world().prompt(fmt::format(
    "{}\nType the cluster's name, {}, to continue: ",
    fmt::format(fmt::runtime(x.warning), fmt::join(x.nodes, ", ")), name));
  if (!typed)
    throw failure{
      exit_code::usage,
      fmt::format("cluster {}: there is no terminal to confirm this; "
                  "use --yes",
                  x.verb)};
  if (*typed != name)
    throw failure{exit_code::failed, "nothing was done"};
}

exit_code give(context& with, const order& x) {
  confirm(with, x);
  json::object body{{"message", x.message}};
  if (x.verb == "recover")
    body["nodes"] = json::array(x.nodes.begin(), x.nodes.end());
  else
    body["node"] = x.nodes.front();
  return show_outcome(with, propose(with, "/v1/cluster/" + x.verb, body));
}

std::shared_ptr<order> make_order(std::string verb, std::string warning) {
  auto result = std::make_shared<order>();
  result->verb = std::move(verb);
  result->warning = std::move(warning);
  return result;
}

void add_common(CLI::App& verb, order& into) {
  add_message(verb, into.message);
  verb.add_flag("--yes", into.sure, "do not ask; for scripts");
}

void add_one_node(CLI::App& verb, const std::string& name, order& into,
                  const std::string& about) {
  verb
    .add_option_function<std::string>(
      name, [&into](const std::string& x) { into.nodes = {x}; }, about)
    ->required()
    ->option_text(name.starts_with('-') ? "NODE" : " ");
}

void add_form(command_line& to, CLI::App& family) {
  auto given =
    make_order("form", "The cluster is formed from the shared sections of "
                       "{}'s file; those of other nodes' files are "
                       "no longer used.");
  auto& verb = to.add_to(
    family,
    {"form", "Forms the cluster from one node's file if they differ",
     "  troupectl cluster form --from lb1\n\n"
     "Nodes whose files agree form a cluster without this verb. If they do "
     "not,\n\"troupectl nodes\" says why.\n"},
    [given](context& with) { return give(with, *given); });
  add_one_node(verb, "--from", *given, "the node whose file is used");
  add_common(verb, *given);
}

void add_recover(command_line& to, CLI::App& family) {
  auto given = make_order(
    "recover", "The cluster continues as {} alone. Do this only if the other "
               "nodes are lost: what they decide from now on is discarded when "
               "they return.");
  auto& verb = to.add_to(
    family,
    {"recover", "Continues with the survivors of a lost majority",
     "  troupectl cluster recover --nodes lb1\n"
     "  troupectl cluster recover --nodes lb1,lb2 --yes\n\n"
     "Starts a new epoch with these nodes. Nodes that return later take over\n"
     "its configuration; their own stays in the history.\n"},
    [given](context& with) { return give(with, *given); });
  verb.add_option("--nodes", given->nodes, "the nodes that are left")
    ->required()
    ->delimiter(',')
    ->option_text("NODE,...");
  add_common(verb, *given);
}

void add_adopt(command_line& to, CLI::App& family) {
  auto given = make_order(
    "adopt", "Of two sides that continued without each other, the one "
             "of {} counts; what the other decided is discarded.");
  auto& verb =
    to.add_to(family,
              {"adopt", "Decides between two sides that recovered separately",
               "  troupectl cluster adopt lb1\n\n"
               "\"troupectl nodes\" shows whether there is such a conflict.\n"},
              [given](context& with) { return give(with, *given); });
  add_one_node(verb, "NODE", *given, "a node of the side that counts");
  add_common(verb, *given);
}

} // namespace

void add_cluster_verbs(command_line& to) {
  auto& family = to.add_family(
    groups::cluster, {"cluster", "Decides what the nodes cannot decide",
                      "  troupectl cluster form --from lb1\n"
                      "  troupectl cluster recover --nodes lb1\n"
                      "  troupectl cluster adopt lb1\n"});
  add_form(to, family);
  add_recover(to, family);
  add_adopt(to, family);
}

} // namespace troupe::ctl
