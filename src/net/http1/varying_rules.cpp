// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/varying_rules.hpp"

#include "net/http1/edit_fields.hpp"

#include <algorithm>

namespace troupe::net::http1 {

varying_rules::varying_rules(
  std::initializer_list<const header_rules*> in_order) {
  const joined_rules all{in_order};
  for (const auto& x : all.lines) {
    lines_.push_back(
      {x.name, routing::text_template{x.value}, x.replaced_from});
    varies_ |= varies(x, all);
  }
  for (const auto& [name, x] : all.replace)
    replacements_.push_back(
      {name, routing::substitution{x.match, x.to, routing::text_use::line}});
  varies_ |= !replacements_.empty();
}

bool varying_rules::fill(const routing::variable_values& from,
                         filled_rules& to) const {
  to.host.clear();
  to.lines.clear();
  to.instead.resize(replacements_.size());
  for (size_t i = 0; i < replacements_.size(); ++i) {
    to.instead[i].clear();
    replacements_[i].with.fill(from, to.instead[i]);
    if (to.instead[i].size() > size_max)
      return false;
  }
  for (const auto& x : lines_) {
    if (lookup(x.name) == known_field::host) {
      if (!append_value(x, from, to, to.host))
        return false;
      continue;
    }
    const auto begin = to.lines.size();
    to.lines.append(x.name).append(": ");
    const auto value_begin = to.lines.size();
    if (!append_value(x, from, to, to.lines) || to.lines.size() > size_max)
      return false;
    if (to.lines.size() == value_begin && x.value.varies())
      to.lines.resize(begin);
    else
      to.lines += "\r\n";
  }
  return true;
}

bool varying_rules::append_value(const line& x,
                                 const routing::variable_values& from,
                                 const filled_rules& with,
                                 std::string& to) const {
  std::string value;
  x.value.append_line(from, value);
  if (!replace_from(x.replaced_from, x.name, value, with))
    return false;
  to += trim(value);
  return true;
}

bool varying_rules::replaces(std::string_view name) const noexcept {
  return std::ranges::any_of(
    replacements_, [=](const auto& x) { return iequals(x.name, name); });
}

bool varying_rules::replace_from(size_t first, std::string_view name,
                                 std::string& value,
                                 const filled_rules& with) const {
  using outcome = routing::substitution::outcome;
  for (auto i = first; i < replacements_.size(); ++i) {
    if (!iequals(replacements_[i].name, name))
      continue;
    std::string next;
    const auto made =
      replacements_[i].with.replace(value, with.instead[i], next);
    if (made == outcome::too_long)
      return false;
    if (made == outcome::replaced)
      value = std::move(next);
  }
  return true;
}

bool varying_rules::replace(std::string_view name, std::string_view value,
                            const filled_rules& with, std::string& to) const {
  std::string changed{value};
  if (!replace_from(0, name, changed, with))
    return false;
  to += trim(changed);
  return true;
}

bool varying_rules::replace(std::span<field> fields, const filled_rules& with,
                            std::string& store) const {
  return edit_fields(fields, store, [&](const field& x, std::string& to) {
    if (!replaces(x.name))
      return edit::kept;
    return replace(x.name, x.value, with, to) && to.size() <= size_max
           ? edit::changed
           : edit::too_long;
  });
}

} // namespace troupe::net::http1
