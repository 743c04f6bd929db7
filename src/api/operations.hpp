// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/control/explain.hpp"
#include "actors/messages.hpp"
#include "api/http/http_server.hpp"
#include "api/messages.hpp"
#include "core/event_ring.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The HTTP API as values: the operation of a request, before it is carried
/// out. docs/api.md describes it to its users.
namespace troupe::actors::api {

struct get_version {};
struct get_openapi {};
struct get_access {};
struct get_status {};
struct get_backends {};
struct get_backend {
  std::string name;
};
struct get_why {
  std::string backend;
  std::string server;
};
struct get_actors {
  bool connections = false; ///< one row each, instead of one a worker
};
struct get_connections {
  uint32_t limit = 100;
};
struct get_events {
  bool stream = false; ///< as they come
  /// The last one that is known; none: the newest, of a stream those to come.
  std::optional<uint64_t> after;
  std::optional<event_kind> kind;
  uint32_t limit = 100;
};
struct get_explain {
  imagined_request what;
  std::string frontend; ///< empty: see frontend_for()
};
struct get_config {};
struct get_log_level {};
struct get_traffic {};
struct get_metrics {};
struct get_health {};
struct get_ready {};
struct change_server {
  std::string backend;
  operator_change change;
  std::string message; ///< why, for the others
};

// -- only on a node of a cluster --
struct get_nodes {};
struct get_observations {};
struct get_history {};
struct apply_config {
  std::string text; ///< shared sections
  std::string message;
  std::optional<uint64_t> base; ///< generation it was made from
  bool force = false;
  bool rebase = false;
};
struct roll_back_config {
  uint64_t generation = 0;
  std::string message;
};
struct cluster_order {
  cluster_verb verb = cluster_verb::form;
  std::vector<std::string> nodes;
  std::string message;
};
struct reload {};
struct close_one {
  uint64_t connection = 0;
};
struct set_log_level {
  log_level level = log_level::info;
};

/// Why a request asks for nothing that exists.
struct refusal {
  unsigned status = 400;
  std::string text;
  std::string allow = {}; ///< the methods there are, of a 405
};

using operation =
  std::variant<refusal, get_version, get_status, get_backends, get_backend,
               get_why, get_actors, get_connections, get_config, get_log_level,
               get_metrics, get_health, get_ready, change_server, reload,
               close_one, set_log_level, get_nodes, get_history, apply_config,
               roll_back_config, cluster_order, get_openapi, get_access,
               get_traffic, get_observations, get_events, get_explain>;

/// Finds out what `request` asks for: 404 for an unknown path, 405 for a method
/// its path does not have, 400 for a body or a query that says nothing usable.
/// Unknown keys of a body are refused; unknown ones of a query are ignored.
operation parse(const admin::request& request, api_door door);

/// parse()'s result, for messages.
struct parsed {
  operation what;
};

/// The error in the method or the path, which no body can correct: 404 or
/// 405.
std::optional<refusal> check_head(const admin::request& request, api_door door);

/// The node that is to answer, if the request names one.
std::optional<std::string> node_of(const admin::request& request);

/// The query without its `node=`.
std::string without_node(std::string_view query);

/// Every method and path there is; `*` stands for one part.
struct route_name {
  std::string_view method;
  std::string_view path;
};
std::vector<route_name> all_routes();

std::string_view to_string(log_level x) noexcept;

} // namespace troupe::actors::api
