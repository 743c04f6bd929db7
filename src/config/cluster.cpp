// SPDX-License-Identifier: BSD-3-Clause
#include "config/sections.hpp"

namespace troupe::config {

namespace {

/// Reports unknown keys below, so that they are not found only later.
void check_keys(const map_cursor& map) {
  static constexpr std::string_view node_keys[] = {"name", "address"};
  static constexpr std::string_view tls_keys[] = {"ca", "certificate", "key"};
  if (const auto* nodes = map.find("nodes"))
    for (const auto& node : nodes->list("a list of nodes"))
      map_cursor{node, node_keys};
  if (const auto* tls = map.find("tls"))
    map_cursor{*tls, tls_keys};
}

} // namespace

void refuse_cluster(const cursor& in) {
  static constexpr std::string_view keys[] = {"name", "listen", "nodes", "tls",
                                              "insecure"};
  const map_cursor map{in, keys};
  check_keys(map);
  if (!map.empty())
    in.problem("not delivered yet: this version runs one node; remove the "
               "section");
}

} // namespace troupe::config
