// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend_plan.hpp"

#include <utility>

namespace troupe::net {

plan_ptr make_plan(frontend_settings settings,
                   std::shared_ptr<frontend_live> live, uint64_t generation,
                   milliseconds drain_timeout) {
  auto result = std::make_shared<frontend_plan>();
  result->trusted = network_list{settings.http.trusted_proxies};
  result->routes.push_back({settings.backend, settings.algorithm,
                            http1::forward_rules{settings.http}});
  result->settings = std::move(settings);
  result->live = std::move(live);
  result->generation = generation;
  result->drain_timeout = drain_timeout;
  return result;
}

} // namespace troupe::net
