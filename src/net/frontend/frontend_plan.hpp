// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/live_registry.hpp"
#include "core/routing/matcher.hpp"
#include "core/settings.hpp"
#include "net/frontend/head_changes.hpp"
#include "net/frontend/route_answer.hpp"
#include "net/http1/forward.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::net {

/// Where the requests or streams of one route go, and by which rules.
struct route_plan {
  std::string name;    ///< "" for one without a name
  std::string backend; ///< "" is nowhere: 404, or the end of the stream
  /// Instead of a backend: the answer itself. One a worker, for it alone.
  std::vector<std::shared_ptr<const answer_plan>> answers;
  /// Instead of a backend: this route once for each of several.
  std::vector<route_plan> split;
  unsigned weight = 1; ///< as one of those
  troupe::algorithm algorithm = algorithm::round_robin;
  http_settings http;                           ///< the frontend's and its own
  std::optional<milliseconds> timeout_response; ///< else the backend's
  std::optional<unsigned> retries_max;          ///< else the backend's
  http1::forward_rules rules;
  /// What differs from request to request: one a worker, for it alone; none if
  /// nothing does.
  std::vector<std::shared_ptr<const head_changes>> changes;
  std::shared_ptr<frontend_live> live;
  std::shared_ptr<route_live> named_live; ///< null without a name
};

/// One frontend as the workers run it: immutable, shared by all of them.
struct frontend_plan {
  frontend_settings settings;
  std::string node;     ///< its name
  network_list trusted; ///< peers that may speak for others
  /// As `settings.routes`, and behind them the one for what matches none.
  std::vector<route_plan> routes;
  /// One a worker, for it alone; none if there is nothing to match.
  std::vector<std::shared_ptr<routing::matcher>> matchers;
  /// Whether a route has to look at requests: to match, or to change them.
  bool looks = false;
  std::shared_ptr<frontend_clients> clients;
  uint64_t generation = 0;
  milliseconds drain_timeout{30'000}; ///< of this generation
};
using plan_ptr = std::shared_ptr<const frontend_plan>;

/// The route for what matches none: it has no name and no conditions.
route_settings rest_of(const frontend_settings& frontend);

/// Prepares what a route of `frontend`, one of `all`, says, without counters
/// and for one worker.
route_plan plan_route(const settings& all, const frontend_settings& frontend,
                      const route_settings& route);

/// Prepares what `frontend`, one of `all`, says, but for its counters. With
/// many routes or regexes that takes longer than a turn of a loop may: it is
/// work for the helper thread.
/// @param workers One matcher is made for each.
/// @param before The plan in use: its matchers are taken over if they fit.
/// @param node This node's name, for the variable.
std::shared_ptr<frontend_plan> prepare_plan(const settings& all,
                                            const frontend_settings& frontend,
                                            unsigned workers,
                                            const plan_ptr& before = nullptr,
                                            const std::string& node = {});

/// Gives a prepared plan its counters: workers may run it.
plan_ptr finish_plan(std::shared_ptr<frontend_plan> plan, live_registry& live,
                     uint64_t generation);

} // namespace troupe::net
