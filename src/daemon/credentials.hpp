// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"
#include "net/cluster/tls_context.hpp"

#include <optional>
#include <string>

namespace troupe::daemon {

/// The credentials of a node, from the files that its configuration names.
struct credentials {
  /// None for a node that is alone, and after problems.
  std::optional<net::cluster::link_security> links;
};

/// Reads certificates, keys and tokens, all that is needed before any peer is
/// talked to. Their errors are added to the problems of `loaded`, at
/// the lines that name them: a node that could not prove itself must not start
/// (rules 131 and 134). Blocks on files, binds nothing.
/// @param node This node's name.
credentials read_credentials(config::loaded& loaded, const std::string& node);

} // namespace troupe::daemon
