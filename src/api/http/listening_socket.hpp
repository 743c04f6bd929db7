// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"

#include <cstdint>
#include <string>

namespace troupe::admin {

/// Owns the listening descriptor, and for a Unix socket its file.
class listening_socket {
public:
  /// Binds and listens; see `listen` in http_server.hpp.
  /// @throws boost::system::system_error with the address in its text.
  explicit listening_socket(const endpoint& address);
  /// Removes the file of a Unix socket, unless another one took its place.
  ~listening_socket();
  listening_socket(const listening_socket&) = delete;
  listening_socket& operator=(const listening_socket&) = delete;

  /// The address really bound.
  const endpoint& local() const noexcept { return local_; }

  /// Gives up the descriptor, not the file.
  int release() noexcept;

private:
  void open(const endpoint& address);
  void note_file(const std::string& path);

  int fd_ = -1;
  endpoint local_;
  std::string path_; ///< "" unless it is a Unix socket with a file
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

} // namespace troupe::admin
