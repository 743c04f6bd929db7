// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "core/settings.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace troupe::actors {

/// Counters and in-flight counts by name: what survives reloads. Owned by the
/// supervisor, which hands them out with every configuration.
class live_registry {
public:
  explicit live_registry(unsigned workers) : workers_(workers) {}

  std::shared_ptr<backend_live> backend(const std::string& name);
  std::shared_ptr<server_live> server(const std::string& backend,
                                      const std::string& name);
  std::shared_ptr<frontend_live> frontend(const frontend_settings& settings);

  /// Forgets what `settings` no longer names. Whoever holds one keeps it.
  void prune(const settings& settings);

private:
  using pair = std::pair<std::string, std::string>;
  const unsigned workers_;
  std::map<std::string, std::shared_ptr<backend_live>> backends_;
  std::map<pair, std::shared_ptr<server_live>> servers_;
  std::map<std::string, std::shared_ptr<frontend_clients>> clients_;
  std::map<pair, std::shared_ptr<frontend_live>> frontends_;
};

} // namespace troupe::actors
