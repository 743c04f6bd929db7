// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"
#include "api/http/http_server.hpp"
#include "api/operations.hpp"

#include <boost/json/object.hpp>

#include <string_view>

/// The cluster's part of the API: bodies of requests and of answers.
namespace troupe::actors::api {

/// `POST /v1/config`, `/v1/config/rollback`, `/v1/cluster/*`.
operation make_apply_config(const admin::request& request);
operation make_roll_back(const admin::request& request);
operation make_cluster_order(const admin::request& request, cluster_verb verb);

boost::json::object to_json(const nodes_view& nodes,
                            const register_view& agreed);
boost::json::object to_json(const target_view& x);
boost::json::object observations_body(const target_list& all);
boost::json::object history_body(const register_view& x);
boost::json::object to_json(const operator_outcome& x);

/// 200 committed or nothing to do; 409 refused or in conflict, with every node
/// and reason; 202 unknown.
admin::response answer_response(const answer& x);

} // namespace troupe::actors::api
