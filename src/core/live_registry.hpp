// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live.hpp"
#include "core/settings.hpp"

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace troupe {

/// Counters and in-flight counts by name: what survives reloads. Owned by the
/// supervisor, which hands them out with every configuration.
class live_registry {
public:
  explicit live_registry(unsigned workers) : workers_(workers) {}

  std::shared_ptr<backend_live> backend(const std::string& name);
  std::shared_ptr<server_live> server(const std::string& backend,
                                      const std::string& name);
  std::shared_ptr<frontend_live> frontend(const std::string& name,
                                          const std::string& backend);
  /// @param name Not "".
  std::shared_ptr<route_live> route(const std::string& frontend,
                                    const std::string& backend,
                                    const std::string& name);

  unsigned workers() const noexcept { return workers_; }

  /// All that `settings` name, in that order, each once: the pairs of a
  /// frontend follow each other, that with its own backend first.
  std::vector<std::shared_ptr<frontend_live>>
  frontends_of(const settings& settings);
  std::vector<std::shared_ptr<route_live>> routes_of(const settings& settings);

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
  /// By frontend, backend and name.
  using route_key = std::tuple<std::string, std::string, std::string>;
  std::map<route_key, std::shared_ptr<route_live>> routes_;
};

} // namespace troupe
