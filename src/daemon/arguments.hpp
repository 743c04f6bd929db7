// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <optional>
#include <string>
#include <variant>

namespace troupe::daemon {

/// The arguments of the command line.
struct arguments {
  std::string config_file;
  std::string node; ///< --node, TROUPE_NODE or the host name
  std::optional<troupe::log_level> log_level; ///< instead of the file's
  bool check_only = false;
};

/// @returns the arguments, or the exit code when there is nothing to run:
/// 0 after --help and --version, 2 after a mistake (explained on stderr).
std::variant<arguments, int> parse_arguments(int argc, char** argv);

} // namespace troupe::daemon
