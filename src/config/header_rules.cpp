// SPDX-License-Identifier: BSD-3-Clause
#include "config/header_rules.hpp"

#include "config/http_values.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

void read_set(const cursor& in, header_rules& out) {
  for (const auto& entry : in.entries()) {
    std::string name, value;
    if (!entry.key.accept(entry.name, name, header_name{})
        || !entry.value.read(value, header_value{}))
      continue;
    const auto same = [&](const auto& pair) {
      return same_header(pair.first, name);
    };
    if (std::ranges::any_of(out.set, same))
      entry.key.problem("set twice; header names are compared without case");
    else
      out.set.emplace_back(std::move(name), std::move(value));
  }
}

} // namespace

void read_header_rules(const cursor& in, header_rules& out) {
  static constexpr std::string_view keys[] = {"set", "remove"};
  const map_cursor map{in, keys};
  if (const auto* set = map.find("set"))
    read_set(*set, out);
  if (const auto* remove = map.find("remove"))
    for (const auto& element : remove->list("a list of header names")) {
      std::string name;
      if (element.read(name, header_name{}))
        out.remove.push_back(std::move(name));
    }
}

} // namespace troupe::config
