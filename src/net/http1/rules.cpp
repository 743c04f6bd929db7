// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/rules.hpp"

#include "net/http1/forward.hpp"

#include <algorithm>

namespace troupe::net::http1 {

namespace {

bool is_rule_name(std::string_view name) noexcept {
  const auto known = lookup(name);
  return is_token(name) && !is_connection_field(known)
      && known != known_field::expect;
}

} // namespace

forward_rules::forward_rules(const http_settings& http)
  : request(checked_rules(http.request_headers)),
    response(checked_rules(http.response_headers)), names(http.underscores) {}

head_limits limits_of(const http_settings& http) noexcept {
  head_limits result{http.max_header_bytes, http.max_headers};
  result.underscores = http.underscores != underscores::refuse;
  return result;
}

header_rules checked_rules(const header_rules& rules) {
  header_rules result;
  for (const auto& [name, value] : rules.set) {
    if (!is_rule_name(name) || !is_field_value(value))
      continue;
    std::erase_if(result.set, [&name = name](const auto& x) {
      return iequals(x.first, name);
    });
    result.set.emplace_back(name, trim(value));
  }
  for (const auto& name : rules.remove)
    if (is_rule_name(name))
      result.remove.push_back(name);
  return result;
}

bool overrides(const header_rules& rules, std::string_view name) noexcept {
  return set_value(rules, name)
      || std::any_of(rules.remove.begin(), rules.remove.end(),
                     [=](const auto& x) { return iequals(x, name); });
}

likeness compare_names(std::string_view received,
                       const header_rules& rules) noexcept {
  auto closest = likeness::different;
  for (const auto& [name, value] : rules.set)
    closest = std::max(closest, compare_names(received, name));
  for (const auto& name : rules.remove)
    closest = std::max(closest, compare_names(received, name));
  return closest;
}

const std::string* set_value(const header_rules& rules,
                             std::string_view name) noexcept {
  for (const auto& [key, value] : rules.set)
    if (iequals(key, name))
      return &value;
  return nullptr;
}

void write_set(const header_rules& rules, head_writer& out,
               std::string_view except) noexcept {
  for (const auto& [name, value] : rules.set)
    if (!iequals(name, except))
      out.line(name, value);
}

size_t set_size(const header_rules& rules) noexcept {
  size_t size = 0;
  for (const auto& [name, value] : rules.set)
    size += name.size() + value.size() + 4;
  return size;
}

} // namespace troupe::net::http1
