// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/routing_view.hpp"
#include "net/proxy/http_session.hpp"

namespace troupe::net {

bool http_session::choose_route(const http1::request_head& head) {
  auto& x = *exchange_;
  const auto& plan = *x.plan->plan;
  if (!plan.matchers.empty()) {
    const auto view = http1::routing_view(
      head, x.named_client ? *x.named_client : peer_, services_.routing_host);
    const auto found = plan.matchers[services_.index]->match(view);
    if (found.what == routing::answer::kind::ambiguous) {
      x.fail(400, reason::ambiguous_path);
      return false;
    }
    if (found.what == routing::answer::kind::route)
      x.route = &x.plan->routes[found.a];
    if (const auto& own = x.route->plan.answer) {
      answer(*own, head, view);
      return false;
    }
    if (!x.route->split.empty())
      x.route = &x.route->pick(services_.random());
  }
  if (x.route->backend)
    return true;
  x.fail(404, reason::no_route);
  return false;
}

void http_session::answer(const answer_plan& plan,
                          const http1::request_head& head,
                          const routing::request_view& view) {
  auto& x = *exchange_;
  const auto colon = head.host.rfind(':');
  const auto port = colon == head.host.npos || head.host.ends_with(']')
                    ? std::string_view{}
                    : head.host.substr(colon + 1);
  const routing::variable_values from{
    view, port, x.request_id, x.plan->plan->settings.name, x.route->plan.name};
  std::optional<std::string> location{std::in_place};
  if (plan.location)
    location = location_of(*plan.location, from);
  if (!location)
    return x.fail(400, reason::bad_request);
  settle_keep_alive();
  const answer_context context{!x.keep_alive, x.http10 && x.keep_alive,
                               x.is_head, std::chrono::system_clock::now()};
  reply_itself(
    plan.status,
    answer_text(plan, x.route->plan.rules.response, *location, from, context),
    reason::ok);
}

} // namespace troupe::net
