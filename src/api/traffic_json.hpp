// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/json.hpp"
#include "core/live.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <vector>

namespace troupe::actors::api {

/// The contents of `GET /v1/traffic`: counters since the start, never reset.
/// Two answers and the time between them give rates and percentiles.
struct traffic_body {
  clock::duration uptime{};
  /// The pairs of a frontend and a backend; those of one frontend follow each
  /// other, that with its own backend first.
  std::vector<std::shared_ptr<frontend_live>> frontends;
  std::vector<std::shared_ptr<route_live>> routes;
  std::vector<backend_view> backends;
  name_list unanswered;
};

boost::json::object to_json(const traffic_body& x);

} // namespace troupe::actors::api
