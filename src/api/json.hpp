// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/messages.hpp"
#include "api/http/http_server.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of the API's answers; docs/api.md shows them. Shapes are stable:
/// keys may be added, never renamed.
namespace troupe::actors::api {

/// Answers of several actors that were asked at once, in the order of the
/// question. Nothing stands for one that did not answer in time.
template <class T>
using answers = std::vector<std::optional<T>>;

/// Names of actors that did not answer: the key "unanswered" of a body.
using name_list = std::vector<std::string>;

admin::response ok(const boost::json::object& body);
admin::response error(unsigned status, std::string_view text);
admin::response plain(unsigned status, std::string text);

/// null where no operator has set anything.
boost::json::value to_json(const operator_origin& x);
boost::json::object to_json(const server_view& x);
boost::json::object to_json(const backend_view& x);
boost::json::object to_json(const config_view& x);
boost::json::object to_json(const actor_row& x);
boost::json::object to_json(const connection_view& x);
/// @param now Of the clock that the health checkers use.
boost::json::object to_json(const health_view& x, time_point now);

boost::json::object backends_body(const std::vector<backend_view>& backends,
                                  const name_list& unanswered);

/// The rule that decided a server's state, and the evidence for it.
/// @param evidence Nothing if the health checker did not answer.
boost::json::object why_body(std::string_view backend,
                             const server_view& server,
                             const std::optional<health_view>& evidence,
                             time_point now);

/// @param single One row for each connection instead of one for each worker.
boost::json::object actors_body(const actor_list& actors, bool single,
                                const name_list& unanswered);

boost::json::object connections_body(const connection_list& connections,
                                     bool truncated,
                                     const name_list& unanswered);

/// 200, or 422 with all problems.
admin::response reload_response(const reload_result& x);

/// The meaning of a rule, for people.
std::string_view explain(state_rule x) noexcept;

} // namespace troupe::actors::api
