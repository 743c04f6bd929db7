// SPDX-License-Identifier: BSD-3-Clause
// The daemon: arguments -> configuration -> actors -> wait -> orderly stop.
#include "config/load.hpp"
#include "core/one_line.hpp"
#include "daemon/arguments.hpp"
#include "daemon/credentials.hpp"
#include "daemon/log.hpp"
#include "daemon/node.hpp"
#include "daemon/privileges.hpp"

#include <csignal>
#include <iostream>

namespace {

/// Prints everything that is wrong. @returns the exit code.
int report(const std::string& file, const troupe::config::loaded& loaded) {
  for (const auto& warning : loaded.warnings)
    std::cerr << "warning: " << troupe::one_line(warning.to_string()) << "\n";
  for (const auto& problem : loaded.problems)
    std::cerr << troupe::one_line(problem.to_string()) << "\n";
  const auto count = loaded.problems.size();
  if (count == 0)
    return EXIT_SUCCESS;
  troupe::daemon::complain(std::to_string(count)
                           + (count == 1 ? " problem" : " problems") + " in "
                           + file);
  return EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
  auto parsed = troupe::daemon::parse_arguments(argc, argv);
  if (const auto* code = std::get_if<int>(&parsed))
    return *code;
  const auto& args = std::get<troupe::daemon::arguments>(parsed);
  auto loaded = troupe::config::load(args.config_file, args.node);
  // Before there is anything in memory that nobody may see.
  troupe::daemon::allow_core_dumps(loaded.settings.global.core_dumps);
  const auto credentials = troupe::daemon::read_credentials(loaded, args.node);
  if (const int code = report(args.config_file, loaded); code != EXIT_SUCCESS)
    return code;
  if (args.check_only) {
    std::cout << args.config_file << ": ok\n";
    return EXIT_SUCCESS;
  }
  std::signal(SIGPIPE, SIG_IGN);
  troupe::daemon::forbid_new_privileges();
  troupe::daemon::set_log(loaded.settings.global.log, args.log_level);
  return troupe::daemon::run_node(args, loaded, credentials);
}
