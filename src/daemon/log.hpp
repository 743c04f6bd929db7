// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <optional>
#include <string_view>

namespace troupe::daemon {

/// The daemon's log: spdlog to stderr, text or one JSON object a line.
/// @param forced Level of the command line, which wins over the settings.
void set_log(const log_settings& settings, std::optional<log_level> forced);

/// One line on stderr for the user who started the program. @param text May
/// hold what came from outside.
void complain(std::string_view text);

} // namespace troupe::daemon
