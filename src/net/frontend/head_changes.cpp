// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend/head_changes.hpp"

#include "net/http1/target.hpp"

namespace troupe::net {

namespace {

routing::path_rule path_rule_of(const route_settings& route) {
  if (!route.rewrite)
    return {};
  const auto& x = *route.rewrite;
  return routing::path_rule{{x.path, x.path_prefix, x.path_regex.match,
                             x.path_regex.to, route.match.path_prefix}};
}

void put(std::string_view instead, std::string& in) {
  constexpr auto mark = routing::server_mark;
  for (auto at = in.find(mark); at != std::string::npos;
       at = in.find(mark, at + instead.size()))
    in.replace(at, mark.size(), instead);
}

std::string_view without_slash(std::string_view prefix) noexcept {
  return prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix;
}

} // namespace

void changed_request::apply(http1::forward_context& to) const noexcept {
  to.filled = &filled;
  to.grown = target.size() + values.size();
}

void changed_response::clear() noexcept {
  filled.clear();
  rewrite.clear();
  is_filled = false;
}

void changed_response::name_server(std::string_view name) {
  put(name, filled.lines);
  for (auto& text : filled.instead)
    put(name, text);
}

head_changes::head_changes(const http_settings& frontend,
                           const route_settings& route)
  : request_({&frontend.request_headers, &route.request_headers}),
    response_({&frontend.response_headers, &route.response_headers}),
    path_(path_rule_of(route)), undo_(route.rewrite_response) {
  if (route.rewrite)
    host_ = routing::text_template{route.rewrite->host};
  rewrites_ = !path_.empty() || !host_.empty();
  empty_ = request_.empty() && response_.empty() && !rewrites_ && !undoes();
}

bool head_changes::undoes() const noexcept {
  return (rewrites_ && undo_.location) || !undo_.cookie_domain.empty()
      || !undo_.cookie_path.empty();
}

head_changes::outcome head_changes::change(http1::request_head& head,
                                           const routing::variable_values& from,
                                           changed_request& to,
                                           changed_response& later) const {
  if (!fill_response(from, later) || !request_.fill(from, to.filled))
    return outcome::too_long;
  // What is written of the request may be views into its target.
  const auto made = rewrite(head, from, to, later.rewrite);
  if (made != outcome::done)
    return made;
  const bool fits = request_.replace({head.fields.data(), head.field_count},
                                     to.filled, to.values);
  return fits ? outcome::done : outcome::too_long;
}

head_changes::outcome
head_changes::rewrite(http1::request_head& head,
                      const routing::variable_values& from, changed_request& to,
                      http1::rewrite_facts& facts) const {
  to.target.clear();
  if (!rewrites_)
    return outcome::done;
  facts.client_scheme = to_string(from.request.scheme);
  facts.client_host = head.host;
  if (to.filled.host.empty())
    host_.append_line(from, to.filled.host);
  if (!to.filled.host.empty() && !http1::is_valid_host(to.filled.host))
    return outcome::bad_host;
  if (to.filled.host.empty() && !host_.empty())
    return outcome::bad_host;
  facts.server_host =
    to.filled.host.empty() ? std::string_view{head.host} : to.filled.host;
  const auto path = path_.append(from, to.readings, to.target);
  if (path.too_long || to.target.size() > http1::varying_rules::size_max)
    return outcome::too_long;
  if (!path.changed)
    return outcome::done;
  if (path.prefix_size > 0) {
    facts.has_prefix = true;
    facts.client_prefix = path.prefix_before;
    facts.server_prefix =
      without_slash(std::string_view{to.target}.substr(0, path.prefix_size));
  }
  if (!path.has_query && !from.request.query.empty())
    to.target.append("?").append(from.request.query);
  head.path_prefix = {};
  head.path = to.target;
  return outcome::done;
}

bool head_changes::fill_response(const routing::variable_values& from,
                                 changed_response& to) const {
  auto values = from;
  values.server = routing::server_mark;
  to.is_filled = response_.fill(values, to.filled);
  return to.is_filled;
}

void head_changes::change(http1::response_head& head,
                          const changed_response& with, changed_values& to,
                          http1::response_context& context) const {
  const std::span fields{head.fields.data(), head.field_count};
  to.stores[0].clear();
  if (undoes())
    http1::edit_fields(fields, to.stores[0],
                       [&](const http1::field& x, std::string& store) {
                         return undo(x, with.rewrite, store);
                       });
  response_.replace(fields, with.filled, to.stores[1]);
  context.filled = &with.filled;
  context.grown = to.stores[0].size() + to.stores[1].size();
}

http1::edit head_changes::undo(const http1::field& x,
                               const http1::rewrite_facts& facts,
                               std::string& to) const {
  const bool is_location = http1::iequals(x.name, "Location")
                        || http1::iequals(x.name, "Content-Location");
  const bool changed =
    is_location
      ? rewrites_ && undo_.location && http1::undo_location(x.value, facts, to)
      : http1::iequals(x.name, "Set-Cookie")
          && http1::undo_cookie(x.value, undo_, to);
  return changed ? http1::edit::changed : http1::edit::kept;
}

http1::response_rules
head_changes::rules_of(const http1::field_rules& fields,
                       const changed_response& with) const noexcept {
  return {fields, &with.filled, &response_};
}

} // namespace troupe::net
