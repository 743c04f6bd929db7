// SPDX-License-Identifier: BSD-3-Clause
#include "net/frontend/route_answer.hpp"

#include "core/routing/path_readings.hpp"
#include "core/routing/values.hpp"
#include "net/http1/reason_phrase.hpp"
#include "net/http1/rules.hpp"
#include "net/http1/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace troupe::net {

namespace {

constexpr std::string_view hidden_in_fields{"\r\n\0", 3};

/// RFC 9110 section 5.6.7.
std::string date_text(std::chrono::system_clock::time_point now) {
  constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat"};
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm x{};
  ::gmtime_r(&seconds, &x);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[x.tm_wday],
                     x.tm_mday, months[x.tm_mon], 1900 + x.tm_year, x.tm_hour,
                     x.tm_min, x.tm_sec);
}

/// The longest of the route's prefixes that this path begins with.
std::string_view matched_prefix(const std::vector<std::string>& prefixes,
                                std::string_view path) {
  std::string_view result;
  for (const auto& x : prefixes)
    if (routing::is_below(x, path) && x.size() > result.size())
      result = x;
  return result.ends_with('/') ? result.substr(0, result.size() - 1) : result;
}

/// With a `/` in front, and none doubled where the prefix was.
void append_path(std::string_view path, std::string& to) {
  if (!path.starts_with('/') && !to.ends_with('/'))
    to += '/';
  if (path.starts_with('/') && to.ends_with('/'))
    path.remove_prefix(1);
  to += path;
}

/// The path of a redirect, and whether it has a query of its own.
std::pair<std::string, bool> path_of(const location_plan& plan,
                                     const routing::variable_values& from) {
  std::string result;
  if (!plan.path.empty()) {
    plan.path.append_encoded(from, result);
    return {result, plan.path.names_query()};
  }
  const auto sent = from.request.path;
  if (plan.prefix.empty())
    return {std::string{sent == "*" ? "/" : sent}, false};
  std::string buffer(routing::readings_bytes(sent.size()), '\0');
  const auto readings = routing::read_path(sent, buffer);
  const auto path = readings ? readings->a : sent;
  plan.prefix.append_encoded(from, result);
  const auto rest = path.substr(matched_prefix(plan.prefixes, path).size());
  if (!rest.empty())
    append_path(rest, result);
  return {result, false};
}

class reply_writer {
public:
  explicit reply_writer(const header_rules& rules) : rules_(rules) {}

  void field(std::string_view name, std::string_view value) {
    if (!http1::overrides(rules_, name))
      line(name, value);
  }

  void rest_of_fields() {
    for (const auto& [name, value] : rules_.set)
      line(name, value);
  }

  void line(std::string_view name, std::string_view value) {
    text.append(name).append(": ");
    std::ranges::copy_if(value, std::back_inserter(text), [](char c) {
      return hidden_in_fields.find(c) == std::string_view::npos;
    });
    text += "\r\n";
  }

  std::string text;

private:
  const header_rules& rules_;
};

bool has_body(unsigned status) noexcept {
  return status != 204 && status != 304;
}

} // namespace

std::optional<std::string> location_of(const location_plan& plan,
                                       const routing::variable_values& from) {
  const auto scheme =
    plan.scheme.empty() ? to_string(from.request.scheme) : plan.scheme;
  std::string host;
  if (plan.host.empty())
    host = from.request.host;
  else
    plan.host.append(from, host);
  if (!http1::is_valid_host(host))
    return std::nullopt;
  const uint16_t own = scheme == "https" ? 443 : 80;
  if (plan.port != 0 && plan.port != own)
    host += ':' + std::to_string(plan.port);
  auto [path, names_query] = path_of(plan, from);
  std::string result{scheme};
  result += "://" + host;
  append_path(path, result);
  if (!names_query && !from.request.query.empty())
    result.append("?").append(from.request.query);
  return result;
}

std::optional<answer_plan> plan_answer(const route_settings& route) {
  answer_plan result;
  if (const auto& x = route.redirect) {
    result.status = x->status;
    result.location = location_plan{x->scheme,
                                    routing::text_template{x->host},
                                    x->port,
                                    routing::text_template{x->path},
                                    routing::text_template{x->path_prefix},
                                    route.match.path_prefix};
    return result;
  }
  if (const auto& x = route.respond) {
    result.status = x->status;
    result.content_type = x->content_type;
    result.body = routing::text_template{x->body};
    for (const auto& [name, value] : x->headers)
      result.headers.emplace_back(name, routing::text_template{value});
    return result;
  }
  return std::nullopt;
}

std::string answer_text(const answer_plan& plan, const header_rules& rules,
                        const std::string& location,
                        const routing::variable_values& from,
                        const answer_context& context) {
  std::string body;
  plan.body.append(from, body);
  reply_writer out{rules};
  out.text = fmt::format("HTTP/1.1 {} {}\r\n", plan.status,
                         http1::reason_phrase(plan.status));
  out.field("Date", date_text(context.now));
  if (!location.empty())
    out.field("Location", location);
  if (!body.empty())
    out.field("Content-Type", plan.content_type);
  for (const auto& [name, value] : plan.headers) {
    std::string text;
    value.append(from, text);
    out.field(name, text);
  }
  out.rest_of_fields();
  if (has_body(plan.status))
    out.line("Content-Length", std::to_string(body.size()));
  if (context.close)
    out.line("Connection", "close");
  else if (context.keep_alive)
    out.line("Connection", "keep-alive");
  out.text += "\r\n";
  if (!context.head_only && has_body(plan.status))
    out.text += body;
  return out.text;
}

} // namespace troupe::net
