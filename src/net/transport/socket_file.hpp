// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/settings.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace troupe::net {

/// The wanted owner of a file; -1: unchanged.
struct file_owner {
  uid_t user = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
};

/// Looks names of users and groups up. Numbers need not exist.
/// @param problem The error, when there is no result.
std::optional<file_owner> find_owner(const unix_socket_settings& settings,
                                     std::string& problem);

/// The file of a Unix socket that this process has bound. Removed when this
/// ends, unless another socket has taken its name: clients that connect from
/// then on are refused.
class socket_file {
public:
  socket_file() = default; ///< of a TCP socket: no file
  /// @param bound The address just bound; none but a Unix path has a file.
  explicit socket_file(const endpoint& bound);
  ~socket_file();
  socket_file(socket_file&& other) noexcept;
  socket_file& operator=(socket_file&& other) noexcept;

  /// Sets owner, group, then mode, if the file is still the one bound. Follows
  /// no link. Does nothing for TCP.
  boost::system::error_code give(const file_owner& to, uint32_t mode) const;

private:
  void remove() noexcept;

  std::string path_; ///< "" once there is nothing to remove
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

} // namespace troupe::net
