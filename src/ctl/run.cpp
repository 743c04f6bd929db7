// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/run.hpp"

#include "ctl/fields.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <ostream>
#include <sstream>

namespace troupe::ctl {

void add_verbs(command_line& to) {
  add_status_verb(to);
  add_nodes_verb(to);
  add_backends_verb(to);
  add_why_verb(to);
  add_explain_verb(to);
  add_top_verb(to);
  add_actors_verb(to);
  add_server_verbs(to);
  add_connection_verbs(to);
  add_events_verb(to);
  add_config_verbs(to);
  add_cluster_verbs(to);
  add_node_verbs(to);
  add_completion_verb(to);
}

namespace {

/// Lines of a failure: the last one is troupectl's own, those before it are
/// problems of a file and stand alone.
void tell(std::ostream& err, std::string_view text) {
  const auto last = text.rfind('\n');
  if (last != std::string_view::npos)
    err << text.substr(0, last + 1);
  err << "troupectl: " << text.substr(last + 1) << '\n';
}

std::string one_line(const std::string& node, std::string answer) {
  while (!answer.empty() && answer.back() == '\n')
    answer.pop_back();
  return fmt::format("{{\"node\":\"{}\",\"answer\":{}}}\n", node, answer);
}

/// The verb at every node, under the node's name; as JSON a line each,
/// {"node", "answer"}.
exit_code run_everywhere(const command_line::choice& chosen,
                         surroundings& world, node_api& api) {
  const auto nodes =
    context{world, api, chosen.format}.ask({.path = "/v1/nodes"});
  auto worst = exit_code::ok;
  for (const auto* node : parts(nodes.body, "nodes")) {
    const auto name = text(*node, "name");
    std::ostringstream said;
    surroundings there{said,
                       world.err,
                       world.out_screen,
                       world.err_screen,
                       world.connect,
                       world.pause,
                       world.now,
                       world.prompt,
                       {}};
    context with{there, api, chosen.format, name, true};
    try {
      worst = std::max(worst, chosen.run(with));
    } catch (const failure& x) {
      if (x.code() == exit_code::usage)
        throw;
      world.err << "troupectl: " << name << ": " << x.what() << '\n';
      worst = std::max(worst, x.code());
      continue;
    }
    if (with.as_json())
      world.out << one_line(name, said.str());
    else
      world.out << painted(name, tone::title, world.out_screen) << '\n'
                << said.str() << '\n';
  }
  return worst;
}

} // namespace

exit_code run(int argc, const char* const* argv, surroundings& world) {
  try {
    command_line line;
    add_verbs(line);
    auto parsed = line.parse(argc, argv, world.out, world.err);
    if (const auto* code = std::get_if<exit_code>(&parsed))
      return *code;
    const auto& chosen = std::get<command_line::choice>(parsed);
    const auto node = world.connect(chosen.socket);
    if (chosen.node == command_line::all_nodes)
      return run_everywhere(chosen, world, *node);
    context with{world, *node, chosen.format, chosen.node};
    return chosen.run(with);
  } catch (const failure& x) {
    tell(world.err, x.what());
    return x.code();
  } catch (const std::exception& x) {
    tell(world.err, x.what());
    return exit_code::failed;
  }
}

} // namespace troupe::ctl
