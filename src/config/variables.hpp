// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Bytes one value may have after its variables were replaced.
inline constexpr size_t value_size_max = size_t{64} * 1024;

struct substituted {
  std::string text;
  std::vector<std::string> faults; ///< empty when all went well
};

/// Replaces `${NAME}` and `${NAME:-default}` in one value. As in the shell, the
/// default also stands in for a variable that is set but empty; it is taken as
/// it is, up to the next `}`. `$$` is one dollar; a dollar before anything else
/// is itself. `${node}` is always this node's name.
substituted substitute(std::string_view value, const std::string& node,
                       const variable_lookup& lookup);

} // namespace troupe::config
