// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/cursor.hpp"
#include "core/settings.hpp"

#include <optional>
#include <vector>

/// One function per section of the file. Each reads what is there into settings
/// that hold the defaults, and reports what is wrong.
namespace troupe::config {

/// The key `algorithm` of a frontend, a backend or a route, if it is there.
std::optional<algorithm> read_algorithm(const map_cursor& in);

/// Elements of the result are parallel to those of the list.
std::vector<route_settings> read_routes(const cursor& in, protocol of);

void read_global(const cursor& in, global_settings& out);
void read_admin(const cursor& in, admin_settings& out);
void read_metrics(const cursor& in, metrics_settings& out);

/// `out` holds what the file's `health_check_defaults` say, or the defaults.
void read_health_check(const cursor& in, check_settings& out);

/// Elements of the result are parallel to those of the list, even where the
/// file is wrong, so that later checks find their places.
std::vector<frontend_settings> read_frontends(const cursor& in);
std::vector<backend_settings> read_backends(const cursor& in,
                                            const check_settings& defaults);

/// The facts against which the `cluster` section is read.
struct own_node {
  std::string name;
  std::string directory; ///< that relative paths start from; "" is the current
  bool must_be_listed = true;
};

void read_cluster(const cursor& in, const own_node& self,
                  cluster_settings& out);

enum class node_addresses : uint8_t {
  expanded,   ///< with variables replaced
  as_written, ///< the same on every node; not checked if there are variables
};

/// Reads and checks `cluster.nodes` alone.
std::vector<node_settings> read_nodes(const cursor& in, node_addresses mode);

/// Checks that need more than one section: names that must differ or exist, and
/// addresses used twice.
/// @param root The whole file, already read into `all`.
void check_references(const cursor& root, const settings& all);

/// Sets `ipv4_too` of the frontends on "[::]:port" whose port no other listener
/// of the file has at an IPv4 address.
void find_ipv4_too(settings& all);

/// Settings that are good but do not do what their author may think.
/// @param root The whole file, already read into `all`.
void check_ineffective(const cursor& root, const settings& all);

} // namespace troupe::config
