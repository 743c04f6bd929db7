// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"

#include <cstdint>
#include <string>

namespace troupe::net {

/// The file of a Unix socket that this process has bound. Removed when this
/// ends, unless another socket has taken its name: who connects from then on
/// is told that nobody is there.
class socket_file {
public:
  socket_file() = default; ///< of a TCP socket: no file
  /// @param bound The address just bound; none but a Unix path has a file.
  explicit socket_file(const endpoint& bound);
  ~socket_file();
  socket_file(socket_file&& other) noexcept;
  socket_file& operator=(socket_file&& other) noexcept;

private:
  void remove() noexcept;

  std::string path_; ///< "" once there is nothing to remove
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

} // namespace troupe::net
