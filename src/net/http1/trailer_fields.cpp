// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/trailer_fields.hpp"

#include "net/http1/fields.hpp"
#include "net/http1/rules.hpp"

#include <algorithm>
#include <array>

namespace troupe::net::http1 {

namespace {

/// Framing, routing, request modifiers, authentication, content handling and
/// response control: a receiver that merges trailers into the head would act
/// on them after the balancer has looked. So would it on an alias of one. Those
/// which the balancer knows come on top.
constexpr auto forbidden = std::to_array<std::string_view>(
  {"accept-encoding", "age", "authorization", "cache-control", "cookie", "date",
   "expires", "location", "max-forwards", "pragma", "proxy-authenticate",
   "proxy-authentication-info", "proxy-authorization", "range", "retry-after",
   "set-cookie", "vary", "warning", "www-authenticate"});

constexpr auto forbidden_families =
  std::to_array<std::string_view>({"content-", "if-"});

bool is_forbidden(std::string_view name) noexcept {
  const auto is_like = [](std::string_view received, std::string_view known) {
    return compare_names(received, known) != likeness::different;
  };
  return lookup(name) != known_field::other
      || std::any_of(forbidden.begin(), forbidden.end(),
                     [=](auto text) { return is_like(name, text); })
      || std::any_of(forbidden_families.begin(), forbidden_families.end(),
                     [=](std::string_view prefix) {
                       return is_like(name.substr(0, prefix.size()), prefix);
                     });
}

} // namespace

trailer_verdict judge_trailer(std::string_view line, const field_rules* rules,
                              underscores policy) noexcept {
  if (line.empty())
    return trailer_verdict::end;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return trailer_verdict::bad;
  const auto name = line.substr(0, colon);
  if (policy != underscores::pass && name.find('_') != std::string_view::npos)
    return policy == underscores::drop ? trailer_verdict::drop
                                       : trailer_verdict::bad;
  const bool drop = is_forbidden(name)
                 || (rules != nullptr
                     && (rules->compare(name) != likeness::different
                         || rules->writes(name)));
  return drop ? trailer_verdict::drop : trailer_verdict::keep;
}

} // namespace troupe::net::http1
