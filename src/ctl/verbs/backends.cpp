// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/server_state.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

constexpr milliseconds watch_interval{1000};

cell address(const json::object& server) {
  if (text(server, "endpoint").empty())
    return {text(server, "address") + " (not resolved)", tone::warning};
  return text(server, "address");
}

void add_servers(table& to, const json::object& backend) {
  for (const auto* server : parts(backend, "servers"))
    to.add({text(backend, "name") + '/' + text(*server, "name"),
            state_of(*server), text(*server, "admin"), text(*server, "weight"),
            text(*server, "in_flight"), text(*server, "rule"),
            address(*server)});
}

/// The list of backends and a single one differ by a level.
std::string render_backends(const json::object& x, const screen& to) {
  table result{{{"SERVER", false, true},
                {"STATE"},
                {"ADMIN"},
                {"WEIGHT", true},
                {"ACTIVE", true},
                {"RULE"},
                {"ADDRESS", false, true}}};
  if (x.contains("servers"))
    add_servers(result, x);
  for (const auto* backend : parts(x, "backends"))
    add_servers(result, *backend);
  return result.empty() ? "no servers\n" : result.render(to);
}

/// Shows the answer again and again. Whoever watches a terminal also sees a
/// node go and come back; elsewhere its loss ends the verb.
[[noreturn]] void watch(context& with, const request& what) {
  static constexpr auto clear = "\033[H\033[J";
  auto& world = with.world();
  const bool redrawn = world.out_screen.terminal && !with.as_json();
  for (bool first = true;; first = false) {
    try {
      const auto answer = with.ask(what);
      if (redrawn)
        world.out << clear;
      else if (!first && !with.as_json())
        world.out << '\n';
      with.show(answer, render_backends);
    } catch (const failure& x) {
      if (first || !redrawn)
        throw;
      world.out << clear << x.what() << std::endl;
    }
    world.pause(watch_interval);
  }
}

exit_code backends(context& with, const std::string& name, bool watched) {
  request what{.path = "/v1/backends",
               .if_missing = "\"troupectl backends\" lists all"};
  if (!name.empty())
    what.path += '/' + path_part(name);
  if (watched) {
    with.must_ask_one("-w");
    watch(with, what);
  }
  return with.show(with.ask(what), render_backends);
}

} // namespace

void add_backends_verb(command_line& to) {
  struct options {
    std::string name;
    bool watched = false;
  };
  auto given = std::make_shared<options>();
  auto& verb = to.add(
    groups::looking,
    {"backends", "Shows the servers of all backends, or of one",
     "  troupectl backends\n"
     "  troupectl backends app -w     refresh every second, until Ctrl-C\n\n"
     "STATE is up, down, drain, maint, idle (a backup that is not needed) or\n"
     "forced (unhealthy, but used because no healthy server is left). RULE is\n"
     "the rule that decided; \"troupectl why BACKEND/SERVER\" explains it. "
     "ACTIVE\ncounts the requests and streams under way.\n"},
    [given](context& with) {
      return backends(with, given->name, given->watched);
    });
  verb.add_option("BACKEND", given->name, "only this backend")
    ->option_text(" ");
  verb.add_flag("-w,--watch", given->watched, "refresh every second");
}

} // namespace troupe::ctl
