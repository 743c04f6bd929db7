// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/arguments.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <unistd.h>

namespace troupe::daemon {

namespace {

constexpr auto footer = R"(
Signals: SIGHUP reads the configuration again. SIGTERM and SIGINT finish the
requests under way and stop; a second one stops at once. SIGUSR1 reopens the
access log.

Examples:
  trouped -c troupe.yaml --check       print every problem, change nothing
  trouped -c troupe.yaml               run in the foreground, log to stderr
  trouped -c troupe.yaml --log-level debug
  trouped -c cluster.yaml --node lb1   run as that node of cluster.nodes
)";

std::string default_node() {
  if (const char* name = std::getenv("TROUPE_NODE"); name && *name)
    return name;
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

} // namespace

std::variant<arguments, int> parse_arguments(int argc, char** argv) {
  static const std::map<std::string, log_level> levels{
    {"trace", log_level::trace},
    {"debug", log_level::debug},
    {"info", log_level::info},
    {"warn", log_level::warn},
    {"error", log_level::error}};
  arguments result;
  std::string level;
  CLI::App app{"troupe: a load balancer whose nodes act as one", "trouped"};
  app.set_version_flag("--version", "trouped " TROUPE_VERSION);
  app.footer(footer);
  app
    .add_option("-c,--config", result.config_file, "configuration file (YAML)")
    ->required();
  app.add_option("--node", result.node,
                 "this node's name (default: TROUPE_NODE, else the host name)");
  app
    .add_option("--log-level", level, "log level, instead of global.log.level")
    ->check(CLI::IsMember(levels));
  app.add_flag("--check", result.check_only,
               "check the configuration, print every problem, and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e, std::cout, std::cerr) == 0 ? 0 : 2;
  }
  if (!level.empty())
    result.log_level = levels.at(level);
  if (result.node.empty())
    result.node = default_node();
  return result;
}

} // namespace troupe::daemon
