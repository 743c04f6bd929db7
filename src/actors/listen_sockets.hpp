// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::actors {

/// The listening sockets a configuration needs and does not have yet: bound
/// all together before anything changes, or not at all. Closes what nobody
/// took.
class listen_sockets {
public:
  explicit listen_sockets(unsigned per_frontend) : count_(per_frontend) {}
  ~listen_sockets();
  listen_sockets(const listen_sockets&) = delete;
  listen_sockets& operator=(const listen_sockets&) = delete;
  listen_sockets(listen_sockets&&) = default;

  /// Binds for every frontend of `next` whose key is not in `open`.
  /// @param open Keys (frontend_key) of the frontends this process serves.
  /// @param ours Addresses it is bound to: no probe, others cannot hold them.
  /// @returns problems, one printable line each.
  std::vector<std::string> bind(const std::vector<frontend_settings>& next,
                                const std::set<std::string>& open,
                                const std::set<std::string>& ours);

  /// Starts listening on the sockets of `key` and hands them over, one for
  /// each worker. @returns none when that frontend was open already.
  std::vector<int> take(const std::string& key);

private:
  const unsigned count_;
  std::map<std::string, std::vector<int>> bound_;
};

} // namespace troupe::actors
