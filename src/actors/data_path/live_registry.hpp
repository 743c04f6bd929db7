// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "core/settings.hpp"

#include <memory>
#include <string>
#include <unordered_map>

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

  /// Forgets items that `settings` no longer names. A holder of one keeps it.
  void prune(const settings& settings);

private:
  template <class T>
  using by_name = std::unordered_map<std::string, std::shared_ptr<T>>;

  const unsigned workers_;
  by_name<backend_live> backends_;
  std::unordered_map<std::string, by_name<server_live>> servers_;
  by_name<frontend_clients> clients_;
  /// By frontend, then by backend.
  std::unordered_map<std::string, by_name<frontend_live>> frontends_;
};

} // namespace troupe::actors
