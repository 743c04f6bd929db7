// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace troupe::cluster {

/// The text about a node that is not in `cluster.nodes`, and the way out.
/// @param by The node that says so.
/// @param list The name of the list, such as "generation 7 of prod"; empty:
/// nothing is agreed on yet, and the file of `by` is all there is.
inline std::string not_listed(const std::string& node, const std::string& by,
                              const std::string& list) {
  if (list.empty())
    return node + " is not in cluster.nodes of " + by
         + ": the files of all nodes must list it";
  return node + " is not in " + list + ": add it to cluster.nodes on " + by
       + " and run \"troupectl config apply\" there";
}

} // namespace troupe::cluster
