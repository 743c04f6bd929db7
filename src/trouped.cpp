// SPDX-License-Identifier: BSD-3-Clause
// The daemon: arguments -> configuration -> actors -> wait -> orderly stop.
#include "config/load.hpp"
#include "daemon/arguments.hpp"
#include "daemon/log.hpp"
#include "daemon/node.hpp"
#include "daemon/privileges.hpp"

#include <csignal>
#include <iostream>

namespace {

/// Prints everything that is wrong. @returns the exit code.
int report(const std::string& file, const troupe::config::loaded& loaded) {
  for (const auto& warning : loaded.warnings)
    std::cerr << "warning: " << warning.to_string() << "\n";
  for (const auto& problem : loaded.problems)
    std::cerr << problem.to_string() << "\n";
  const auto count = loaded.problems.size();
  if (count == 0)
    return EXIT_SUCCESS;
  std::cerr << "trouped: " << count << (count == 1 ? " problem" : " problems")
            << " in " << file << "\n";
  return EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
  auto parsed = troupe::daemon::parse_arguments(argc, argv);
  if (const auto* code = std::get_if<int>(&parsed))
    return *code;
  const auto& args = std::get<troupe::daemon::arguments>(parsed);
  const auto loaded = troupe::config::load(args.config_file, args.node);
  if (const int code = report(args.config_file, loaded); code != EXIT_SUCCESS)
    return code;
  if (args.check_only) {
    std::cout << args.config_file << ": ok\n";
    return EXIT_SUCCESS;
  }
  std::signal(SIGPIPE, SIG_IGN);
  troupe::daemon::forbid_new_privileges();
  troupe::daemon::set_log(loaded.settings.global.log, args.log_level);
  return troupe::daemon::run_node(args, loaded);
}
