// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.hpp"
#include "ctl/fields.hpp"
#include "ctl/file.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "ctl/wording.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <unistd.h>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

// -- check --------------------------------------------------------------------

struct check_options {
  std::string file = default_file;
  std::string node;
};

/// As trouped finds out whose configuration it reads.
std::string own_node() {
  if (const char* name = std::getenv("TROUPE_NODE"); name && *name)
    return name;
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string problem_lines(const std::vector<config::problem>& problems,
                          std::string_view lead) {
  std::string result;
  for (const auto& x : problems)
    result += std::string{lead} + x.to_string() + '\n';
  return result;
}

json::array to_array(const std::vector<config::problem>& problems) {
  json::array result;
  for (const auto& x : problems)
    result.emplace_back(x.to_string());
  return result;
}

/// Asks no node: the file is read here, by what trouped reads it with.
exit_code check(context& with, const check_options& x) {
  auto& world = with.world();
  const auto found = config::load(x.file, x.node.empty() ? own_node() : x.node);
  if (with.as_json())
    world.out << json::serialize(
      json::object{{"file", x.file},
                   {"problems", to_array(found.problems)},
                   {"warnings", to_array(found.warnings)}})
              << '\n';
  else
    world.err << problem_lines(found.warnings, "warning: ");
  if (found.ok()) {
    if (!with.as_json())
      world.out << x.file << ": ok\n";
    return exit_code::ok;
  }
  throw failure{
    exit_code::failed,
    fmt::format("{}{} in {}",
                with.as_json() ? "" : problem_lines(found.problems, ""),
                counted(found.problems.size(), "problem"), x.file)};
}

void add_check(command_line& to, CLI::App& family) {
  auto given = std::make_shared<check_options>();
  auto& verb =
    to.add_to(family,
              {"check", "Checks a file as trouped would, without asking a node",
               "  troupectl config check troupe.yaml\n"
               "  troupectl config check troupe.yaml --node lb2\n"},
              [given](context& with) { return check(with, *given); });
  verb
    .add_option("FILE", given->file,
                std::string{"the configuration (default: "} + default_file
                  + ")")
    ->option_text(" ");
  verb
    .add_option(
      "--node", given->node,
      "the value of ${node} (default: TROUPE_NODE, else\nthe host name)")
    ->option_text("NAME");
}

// -- show ---------------------------------------------------------------------

/// Where a frontend's requests lead, by the names of its routes.
void add_routes(facts& result, const json::object& frontend) {
  result.add("frontend", fmt::format("{}, {}", text(frontend, "name"),
                                     text(frontend, "listen")));
  for (const auto* route : parts(frontend, "routes")) {
    const auto name = text(*route, "name");
    result.add("  route", fmt::format("{}: {}",
                                      name.empty() || name == "-" ? fmt::format(
                                        "routes[{}]", text(*route, "index"))
                                                                  : name,
                                      text(*route, "leads_to")));
  }
  const auto backend = text(frontend, "backend");
  result.add("  else",
             backend.empty() || backend == "-" ? "404" : "backend " + backend);
}

std::string render_config(const json::object& x, const screen& to) {
  const auto problems = texts(x, "last_problems");
  facts result;
  result.add("file", text(x, "file"));
  result.add("generation", text(x, "generation"));
  result.add("hash", text(x, "hash"));
  if (problems.empty())
    result.add("last load", {"ok", tone::good});
  else
    result.add("last load", {fmt::format("refused with {}; the previous "
                                         "configuration stays in force",
                                         counted(problems.size(), "problem")),
                             tone::bad});
  for (const auto* frontend : parts(x, "frontends"))
    add_routes(result, *frontend);
  auto shown = result.render(to);
  for (const auto& problem : problems)
    shown += problem + '\n';
  return shown;
}

exit_code show(context& with) {
  return with.show(with.ask({.path = "/v1/config"}), render_config);
}

// -- reload -------------------------------------------------------------------

exit_code reload(context& with) {
  // The node gives itself 15 s.
  const auto answer = with.ask(
    {.method = "POST", .path = "/v1/reload", .timeout = milliseconds{20'000}});
  return with.confirm(answer, fmt::format("generation {}: {}",
                                          text(answer.body, "generation"),
                                          text(answer.body, "summary")));
}

} // namespace

void add_config_verbs(command_line& to) {
  auto& family = to.add_family(
    groups::cluster, {"config", "Shows, checks and changes the configuration",
                      "  troupectl config check troupe.yaml\n"
                      "  troupectl config reload\n"});
  add_check(to, family);
  to.add_to(family,
            {"show", "Shows the running configuration and the last load",
             "  troupectl config show\n"},
            show);
  to.add_to(family,
            {"reload", "Reads the file again and applies it as a whole",
             "  troupectl config reload\n"},
            reload);
  add_agreed_config_verbs(to, family);
}

} // namespace troupe::ctl
