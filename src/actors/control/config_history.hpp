// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::config {
struct loaded;
}

namespace troupe::actors {

/// One configuration that a node without a cluster has run. In a cluster the
/// register's records take its place.
struct past_config {
  uint64_t generation = 0;
  uint64_t time_ms = 0; ///< wall clock, when it was applied
  std::string author;   ///< "SIGHUP", "ops over the admin API"
  std::string text;     ///< its shared sections, see config::split()
};

/// Since the node started, oldest first; the last one runs.
using config_history = std::vector<past_config>;
using history_ptr = std::shared_ptr<const config_history>;

/// Older ones are forgotten.
inline constexpr size_t past_configs_max = 32;

/// The shared sections of what config::load() has read; empty if they cannot be
/// told from the node's own. May take as long as reading the file did.
std::string shared_text_in(const config::loaded& file);

/// @param before None: it is the first.
history_ptr followed_by(const history_ptr& before, past_config next);

} // namespace troupe::actors
