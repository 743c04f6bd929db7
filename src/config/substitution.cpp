// SPDX-License-Identifier: BSD-3-Clause
#include "config/substitution.hpp"

#include "config/route_values.hpp"

#include <utility>

namespace troupe::config {

namespace {

bool read_match(const map_cursor& map, std::string& out) {
  if (!map.require("match", out, regex_text{}))
    return false;
  if (out.empty())
    map.find("match")->problem("got \"\", expected a regular expression");
  return !out.empty();
}

bool read_to(const map_cursor& map, routing::text_use use,
             routing::known_variables known, std::string& out) {
  return use == routing::text_use::path
         ? map.require("to", out, path_template{})
         : map.require("to", out, header_template{known});
}

} // namespace

bool read_substitution(const cursor& in, routing::text_use use,
                       routing::known_variables known,
                       substitution_settings& out) {
  static constexpr std::string_view keys[] = {"match", "to"};
  const map_cursor map{in, keys};
  substitution_settings x;
  const bool matches = read_match(map, x.match);
  if (!read_to(map, use, known, x.to) || !matches)
    return false;
  if (const auto why = routing::substitution::problem(x.match, x.to, known);
      !why.empty()) {
    map.find("to")->problem(why);
    return false;
  }
  out = std::move(x);
  return true;
}

} // namespace troupe::config
