// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/node_state.hpp"

#include "ctl/fields.hpp"

namespace troupe::ctl {

cell state_of_node(const boost::json::object& node) {
  const auto word = text(node, "state");
  const auto shade = word == "self" || word == "alive" ? tone::good
                   : word == "suspect"                 ? tone::warning
                                                       : tone::bad;
  return {word, shade};
}

bool is_in_cluster(const boost::json::object& nodes) {
  const auto name = text(nodes, "cluster");
  return !name.empty() && name != "-";
}

} // namespace troupe::ctl
