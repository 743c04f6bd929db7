// SPDX-License-Identifier: BSD-3-Clause
#include "net/http_session.hpp"

#include "net/http1/routing_view.hpp"

namespace troupe::net {

bool http_session::choose_route(const http1::request_head& head) {
  auto& x = *exchange_;
  const auto& plan = *x.plan->plan;
  if (!plan.matchers.empty()) {
    const auto view = http1::routing_view(head, x.client ? *x.client : peer_,
                                          services_.routing_host);
    const auto answer = plan.matchers[services_.index]->match(view);
    if (answer.what == routing::answer::kind::ambiguous) {
      fail(400, reason::ambiguous_path);
      return false;
    }
    if (answer.what == routing::answer::kind::route)
      x.route = &x.plan->routes[answer.a];
  }
  if (x.route->backend)
    return true;
  fail(404, reason::no_route);
  return false;
}

} // namespace troupe::net
