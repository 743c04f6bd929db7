// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"
#include "net/transport/socket_file.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::actors {

/// One frontend's sockets, one for each worker.
struct frontend_sockets {
  std::vector<int> descriptors;
  net::socket_file file; ///< to be removed before the descriptors are closed
};

/// Makes the file of a Unix socket what `unix:` of its frontend says.
/// @returns a printable line if that cannot be.
std::optional<std::string> give_rights(const net::socket_file& file,
                                       const frontend_settings& frontend);

/// The listening sockets a configuration needs and does not have yet: bound
/// all together before anything changes, or not at all. Closes those that
/// were not taken.
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

  /// Makes all that was bound listen: the kernel queues clients until a
  /// worker accepts. Another process may have been faster since bind().
  /// @returns problems as bind() does.
  std::vector<std::string> listen();

  /// Hands over the sockets of `key`.
  /// @returns none when that frontend was open already.
  frontend_sockets take(const std::string& key);

private:
  struct bound {
    frontend_settings frontend;
    frontend_sockets sockets;
  };

  const unsigned count_;
  std::map<std::string, bound> bound_; ///< by frontend_key()
};

} // namespace troupe::actors
