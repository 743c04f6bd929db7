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
    "{}\nType the cluster's name, {}, to go on: ",
    fmt::format(fmt::runtime(x.warning), fmt::join(x.nodes, ", ")), name));
  if (!typed)
    throw failure{exit_code::usage,
                  fmt::format("cluster {}: nobody is here to confirm it; --yes "
                              "does",
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
  verb.add_flag("--yes", into.sure, "do not ask: for scripts");
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
  auto given = make_order("form", "The cluster is formed from what {}'s file "
                                  "shares; what other nodes' files share is "
                                  "not used any more.");
  auto& verb = to.add_to(
    family,
    {"form", "Forms the cluster from one node's file if they differ",
     "  troupectl cluster form --from lb1\n\n"
     "Nodes whose files agree form it without this. \"troupectl nodes\" says\n"
     "what keeps them from that.\n"},
    [given](context& with) { return give(with, *given); });
  add_one_node(verb, "--from", *given, "whose file counts");
  add_common(verb, *given);
}

void add_recover(command_line& to, CLI::App& family) {
  auto given = make_order(
    "recover", "The cluster goes on as {} alone. Do this only if the other "
               "nodes are lost: what they decide from here on is given up when "
               "they return.");
  auto& verb = to.add_to(
    family,
    {"recover", "Goes on with the survivors of a lost majority",
     "  troupectl cluster recover --nodes lb1\n"
     "  troupectl cluster recover --nodes lb1,lb2 --yes\n\n"
     "Starts a new epoch with these nodes. Those that return later take its\n"
     "configuration; theirs stays in the history.\n"},
    [given](context& with) { return give(with, *given); });
  verb.add_option("--nodes", given->nodes, "who is left")
    ->required()
    ->delimiter(',')
    ->option_text("NODE,...");
  add_common(verb, *given);
}

void add_adopt(command_line& to, CLI::App& family) {
  auto given =
    make_order("adopt", "Of two sides that went on without each other, the one "
                        "of {} counts; what the other decided is given up.");
  auto& verb = to.add_to(
    family,
    {"adopt", "Decides which of two sides counts that recovered apart",
     "  troupectl cluster adopt lb1\n\n"
     "\"troupectl nodes\" says if there is such a conflict.\n"},
    [given](context& with) { return give(with, *given); });
  add_one_node(verb, "NODE", *given, "whose side counts");
  add_common(verb, *given);
}

} // namespace

void add_cluster_verbs(command_line& to) {
  auto& family = to.add_family(
    groups::cluster, {"cluster", "What an operator decides when nodes cannot",
                      "  troupectl cluster form --from lb1\n"
                      "  troupectl cluster recover --nodes lb1\n"
                      "  troupectl cluster adopt lb1\n"});
  add_form(to, family);
  add_recover(to, family);
  add_adopt(to, family);
}

} // namespace troupe::ctl
