// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/values.hpp"

/// Kinds of values that are addresses. See values.hpp for the pattern.
namespace troupe::config {

/// Where to listen: `0.0.0.0:8080`, `[::]:8080` or `unix:/path`. Never a host
/// name: which of its addresses would be bound, and when? Port 0 lets the
/// kernel choose.
struct listen_address {
  static constexpr std::string_view kind = "an address";
  bool unix_path = true;   ///< `unix:/path` is allowed
  bool may_be_off = false; ///< "" is allowed
  parsed<std::string> operator()(std::string_view text) const;
};

/// Where a server is: as above with a port from 1, or `name:port`, resolved at
/// run time.
struct server_address {
  static constexpr std::string_view kind = "an address";
  parsed<std::string> operator()(std::string_view text) const;
};

/// Where a node of the cluster is for the others: `name:port`, `IPv4:port` or
/// `[IPv6]:port`.
struct node_address {
  static constexpr std::string_view kind = "an address";
  parsed<std::string> operator()(std::string_view text) const;
};

/// `10.0.0.0/8`, `::1`, `fd00::/8`, or `unix:` for the peers of Unix sockets.
struct network {
  static constexpr std::string_view kind = "a network";
  parsed<std::string> operator()(std::string_view text) const;
};

/// Whether only this machine can reach a checked listen address.
bool is_local(std::string_view listen);

} // namespace troupe::config
