// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which nodes watch which server: rendezvous ranking (Thaler and Ravishankar,
/// 1998), the same on every node without a word between them.
namespace troupe::cluster::observations {

/// Observers a server has, if there are so many nodes.
inline constexpr size_t observers_max = 3;

/// The facts on which two nodes must agree to watch the same target (rule 8):
/// variables in the address and the check are replaced, so nodes for which
/// `${VAR}` means different machines have different targets.
uint64_t target_id(std::string_view backend, const server_settings& server,
                   const check_settings& check);

/// `nodes` by descending rank for this target; ties by name. Part of the
/// contract between nodes: docs/hashing.md.
std::vector<std::string> ranked(std::vector<std::string> nodes,
                                uint64_t target);

} // namespace troupe::cluster::observations
