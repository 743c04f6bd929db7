// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"
#include "api/json.hpp"

#include <optional>
#include <string>
#include <vector>

/// `GET /v1/status`: a summary of the node and its cluster.
namespace troupe::actors::api {

struct status_body {
  std::string node;
  std::string version;
  uint64_t uptime_s = 0;
  bool ready = false;
  std::string why; ///< of a no
  size_t workers = 0;
  uint64_t connections = 0;
  uint64_t connection_limit = 0; ///< 0 is none
  std::optional<config_view> config;
  std::vector<backend_view> backends;
  std::optional<nodes_view> nodes;     ///< none without a cluster
  std::optional<register_view> agreed; ///< likewise
  name_list unanswered;
};

/// The problems of the node and its cluster, a sentence for each; none: all is
/// well. A server that is down or drained is not a problem: the others are
/// there for that.
std::vector<std::string> degradations(const status_body& x);

boost::json::object to_json(const status_body& x);

} // namespace troupe::actors::api
