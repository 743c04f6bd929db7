// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend/own_error.hpp"
#include "net/http1/own_reply.hpp"
#include "net/http1/routing_view.hpp"
#include "net/http1/target.hpp"
#include "net/proxy/http_session.hpp"

namespace troupe::net {

bool http_session::choose_route(const http1::request_head& head) {
  auto& x = *exchange_;
  if (x.plan->plan->looks && !look_at(head))
    return false;
  if (x.route->backend)
    return true;
  x.fail(404, reason::no_route);
  return false;
}

bool http_session::look_at(const http1::request_head& head) {
  auto& x = *exchange_;
  const auto& plan = *x.plan->plan;
  const auto view = http1::routing_view(
    head, x.named_client ? *x.named_client : peer_, services_.routing_host);
  routing::answer found;
  if (!plan.matchers.empty())
    found = plan.matchers[services_.index]->match(view);
  if (found.what == routing::answer::kind::route)
    x.route = &x.plan->routes[found.a];
  auto from = variables(view);
  from.port = http1::port_of(head.host);
  const bool is_ambiguous = found.what == routing::answer::kind::ambiguous;
  const auto& answers = x.route->plan.answers;
  if (is_ambiguous || !answers.empty()) {
    if (const auto* own = changes())
      own->fill_response(from, x.response_changes);
    is_ambiguous ? x.fail(400, reason::ambiguous_path)
                 : answer(*answers[services_.index], from);
    return false;
  }
  if (!change_request(from))
    return false;
  if (!x.route->split.empty())
    x.route = &x.route->pick(services_.random());
  return true;
}

routing::variable_values
http_session::variables(const routing::request_view& view) const {
  const auto& x = *exchange_;
  routing::variable_values result{view};
  result.request_id = x.request_id;
  result.frontend = x.plan->plan->settings.name;
  result.route = x.route->plan.name;
  result.node = x.plan->plan->node;
  return result;
}

const head_changes* http_session::changes() const noexcept {
  const auto& all = exchange_->route->plan.changes;
  return all.empty() ? nullptr : all[services_.index].get();
}

bool http_session::change_request(const routing::variable_values& from) {
  const auto* own = changes();
  if (own == nullptr)
    return true;
  auto& x = *exchange_;
  switch (own->change(services_.request_head, from, services_.request_changes,
                      x.response_changes)) {
  case head_changes::outcome::done:
    return true;
  case head_changes::outcome::bad_host:
    exchange_->fail(400, reason::bad_request);
    return false;
  case head_changes::outcome::too_long:
    exchange_->fail(431, reason::header_too_large);
    return false;
  }
  return false;
}

void http_session::change_response(http1::response_context& context) {
  if (const auto* own = changes()) {
    auto& x = *exchange_;
    x.response_changes.name_server(server());
    own->change(services_.response_head, x.response_changes,
                services_.response_values, context);
  }
}

http1::response_rules http_session::reply_rules() {
  auto& x = *exchange_;
  // For one that was refused before it had a route.
  routing::request_view known;
  known.client = x.named_client ? &*x.named_client : &peer_;
  auto from = variables(known);
  from.server = server();
  return own_reply_rules(x.route->plan, services_.index, from,
                         x.response_changes);
}

void http_session::answer(const answer_plan& plan,
                          const routing::variable_values& from) {
  auto& x = *exchange_;
  std::optional<std::string> location{std::in_place};
  if (plan.location)
    location = location_of(*plan.location, from);
  if (!location)
    return x.fail(400, reason::bad_request);
  settle_keep_alive();
  const http1::reply_context context{!x.keep_alive, x.http10 && x.keep_alive,
                                     x.is_head,
                                     std::chrono::system_clock::now()};
  reply_itself(
    plan.status,
    http1::reply_text(answer_to(plan, *location, from), reply_rules(), context),
    reason::ok);
}

std::string http_session::error_text(unsigned status, std::string_view phrase) {
  const auto& x = *exchange_;
  http1::own_error error{status, phrase, x.accept, x.request_id};
  error.page = error_page(x.plan->plan->settings, status);
  const http1::reply_context context{!x.keep_alive, false, x.is_head,
                                     std::chrono::system_clock::now()};
  return http1::reply_text(http1::error_reply(error), reply_rules(), context);
}

} // namespace troupe::net
