// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/rules.hpp"

#include "core/routing/text_template.hpp"
#include "net/http1/forward.hpp"

#include <algorithm>

namespace troupe::net::http1 {

namespace {

bool is_rule_name(std::string_view name) noexcept {
  const auto known = lookup(name);
  return is_token(name) && !is_connection_field(known)
      && known != known_field::expect;
}

bool has_name(const std::vector<std::string>& names,
              std::string_view name) noexcept {
  return std::ranges::any_of(names,
                             [=](const auto& x) { return iequals(x, name); });
}

void remove_lines(std::vector<ruled_line>& from, std::string_view name) {
  std::erase_if(from, [=](const auto& x) { return iequals(x.name, name); });
}

} // namespace

joined_rules::joined_rules(
  std::initializer_list<const header_rules*> in_order) {
  const auto write = [this](const auto& pair, bool added) {
    const auto& [name, value] = pair;
    if (!is_rule_name(name) || !is_field_value(value))
      return;
    if (!added)
      remove_lines(lines, name);
    lines.push_back({name, std::string{trim(value)}, added, replace.size()});
  };
  for (const auto* rules : in_order) {
    for (const auto& name : rules->remove)
      if (is_rule_name(name)) {
        remove_lines(lines, name);
        removed.push_back(name);
      }
    for (const auto& pair : rules->set)
      write(pair, false);
    for (const auto& pair : rules->add)
      write(pair, true);
    for (const auto& pair : rules->replace)
      if (is_rule_name(pair.first))
        replace.push_back(pair);
  }
}

bool varies(const ruled_line& line, const joined_rules& all) {
  const auto replaced = [&](const auto& x) {
    return iequals(x.first, line.name);
  };
  return routing::text_template{line.value}.varies()
      || std::any_of(all.replace.begin()
                       + static_cast<std::ptrdiff_t>(line.replaced_from),
                     all.replace.end(), replaced);
}

field_rules::field_rules(std::initializer_list<const header_rules*> in_order) {
  const joined_rules all{in_order};
  dropped_ = all.removed;
  for (const auto& x : all.lines) {
    written_.push_back(x.name);
    (x.added ? watched_ : dropped_).push_back(x.name);
    if (varies(x, all))
      continue;
    if (lookup(x.name) == known_field::host)
      host_ = x.value;
    else
      lines_.append(x.name).append(": ").append(x.value).append("\r\n");
  }
  for (const auto& [name, replacement] : all.replace) {
    written_.push_back(name);
    watched_.push_back(name);
  }
  empty_ = dropped_.empty() && watched_.empty();
}

bool field_rules::overrides(std::string_view name) const noexcept {
  return has_name(dropped_, name);
}

likeness field_rules::compare(std::string_view received) const noexcept {
  auto closest = likeness::different;
  for (const auto& name : dropped_)
    closest = std::max(closest, compare_names(received, name));
  for (const auto& name : watched_)
    if (compare_names(received, name) == likeness::alias)
      closest = std::max(closest, likeness::alias);
  return closest;
}

bool field_rules::writes(std::string_view name) const noexcept {
  return has_name(written_, name);
}

forward_rules::forward_rules(const http_settings& http)
  : request({&http.request_headers}), response({&http.response_headers}),
    names(http.underscores) {}

forward_rules::forward_rules(const http_settings& http,
                             const route_settings& route)
  : request({&http.request_headers, &route.request_headers}),
    response({&http.response_headers, &route.response_headers}),
    names(http.underscores) {}

head_limits limits_of(const http_settings& http) noexcept {
  head_limits result{http.max_header_bytes, http.max_headers};
  result.underscores = http.underscores != underscores::refuse;
  return result;
}

} // namespace troupe::net::http1
