// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/run.hpp"

#include "ctl/verbs.hpp"

#include <exception>
#include <ostream>

namespace troupe::ctl {

void add_verbs(command_line& to) {
  add_status_verb(to);
  add_nodes_verb(to);
  add_backends_verb(to);
  add_why_verb(to);
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
    context with{world, *node, chosen.format};
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
