// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"

#include <string>
#include <vector>

namespace troupe {

/// Networks that a configuration names: of trusted proxies, of clients.
class network_list {
public:
  network_list() = default;
  /// @param networks "10.0.0.0/8", "::1"; checked by config, bad ones skipped.
  /// "unix:" stands for the peers of Unix sockets, and so do "0.0.0.0/0" and
  /// "::/0" together: they name all peers.
  explicit network_list(const std::vector<std::string>& networks);
  bool contains(const endpoint& address) const noexcept;
  bool contains_unix() const noexcept { return unix_; }

private:
  bool has_all(size_t bytes) const noexcept;
  struct network {
    std::string bytes; ///< 4 or 16
    unsigned bits = 0;
  };
  std::vector<network> networks_;
  bool unix_ = false;
};

} // namespace troupe
