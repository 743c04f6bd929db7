// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <compare>
#include <string>
#include <vector>

namespace troupe::config {

/// A server by name: what an operator's wish is about.
struct server_name {
  std::string backend;
  std::string server;
  auto operator<=>(const server_name&) const = default;
};

/// The effect of a generation on operators' wishes (rule 17). Sorted by name.
struct server_changes {
  std::vector<server_name> introduced;
  std::vector<server_name> removed;
  /// In both, with another weight in the file.
  std::vector<server_name> reweighted;
  bool operator==(const server_changes&) const = default;
};

/// Servers are the same if backend and name are: addresses and order are not
/// looked at.
server_changes compare_servers(const settings& from, const settings& to);

} // namespace troupe::config
