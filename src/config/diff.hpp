// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <string>
#include <vector>

namespace troupe::config {

/// The changes of a reload, by name: names are identity, order is not.
struct change_set {
  std::vector<std::string> frontends_added;
  std::vector<std::string> frontends_removed;
  std::vector<std::string> frontends_changed; ///< any field
  std::vector<std::string> frontends_rebound; ///< of those: `listen` changed
  std::vector<std::string> backends_added;
  std::vector<std::string> backends_removed;
  std::vector<std::string> backends_changed;
  /// Keys that need a restart to take effect, e.g. "global.workers".
  std::vector<std::string> needs_restart;
  /// Other keys that take effect at once, e.g. "global.drain_timeout",
  /// "cluster.nodes".
  std::vector<std::string> keys_changed;
  bool log_changed = false; ///< `global.log`, also among keys_changed
  bool empty() const noexcept;
  /// One line for the log: "backends: +b2 ~app; frontends: -old", or "no
  /// change". + is added, ~ changed, - removed.
  std::string summary() const;
};

change_set diff(const settings& from, const settings& to);

} // namespace troupe::config
