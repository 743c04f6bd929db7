// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/path_rule.hpp"

#include "core/routing/path_readings.hpp"
#include "core/routing/values.hpp"

namespace troupe::routing {

namespace {

/// The longest of the route's prefixes that this path begins with.
std::string_view matched_prefix(const std::vector<std::string>& prefixes,
                                std::string_view path) {
  std::string_view result;
  for (const auto& x : prefixes)
    if (is_below(x, path) && x.size() > result.size())
      result = x;
  return result.ends_with('/') ? result.substr(0, result.size() - 1) : result;
}

/// @param begin Where a path begins in `to`: with `/` from now on.
void begin_with_slash(size_t begin, std::string& to) {
  if (to.size() == begin || to[begin] != '/')
    to.insert(begin, 1, '/');
}

/// Reading A (rule 121).
std::string_view reading_of(std::string_view path, std::string& buffer) {
  buffer.resize(readings_bytes(path.size()));
  const auto readings = read_path(path, buffer);
  return readings ? readings->a : path;
}

} // namespace

path_rule::path_rule(const texts& from)
  : path_(from.path), prefix_(from.prefix), prefixes_(from.prefixes) {
  if (!from.regex.empty())
    regex_.emplace(from.regex, from.regex_to, text_use::path);
}

path_rule::result path_rule::append(const variable_values& from,
                                    std::string& buffer,
                                    std::string& to) const {
  const auto sent = from.request.path;
  if (empty() || sent == "*")
    return {};
  if (path_.empty()) {
    const auto path = reading_of(sent, buffer);
    return regex_ ? append_replaced(path, from, to)
                  : append_prefixed(path, from, to);
  }
  const auto begin = to.size();
  path_.append_encoded(from, to);
  begin_with_slash(begin, to);
  result made;
  made.changed = true;
  made.has_query = path_.names_query();
  return made;
}

path_rule::result path_rule::append_prefixed(std::string_view path,
                                             const variable_values& from,
                                             std::string& to) const {
  const auto begin = to.size();
  prefix_.append_encoded(from, to);
  begin_with_slash(begin, to);
  result made;
  made.changed = true;
  made.prefix_before = matched_prefix(prefixes_, path);
  auto rest = path.substr(made.prefix_before.size());
  if (rest.starts_with('/') && to.ends_with('/'))
    rest.remove_prefix(1);
  else if (!rest.empty() && !rest.starts_with('/') && !to.ends_with('/'))
    to += '/';
  made.prefix_size = to.size() - begin;
  to += rest;
  return made;
}

path_rule::result path_rule::append_replaced(std::string_view path,
                                             const variable_values& from,
                                             std::string& to) const {
  std::string instead;
  regex_->fill(from, instead);
  const auto begin = to.size();
  const auto outcome = regex_->replace(path, instead, to);
  result made;
  made.too_long = outcome == substitution::outcome::too_long;
  made.changed = outcome == substitution::outcome::replaced;
  made.has_query = made.changed && regex_->names_query();
  if (made.changed)
    begin_with_slash(begin, to);
  return made;
}

} // namespace troupe::routing
