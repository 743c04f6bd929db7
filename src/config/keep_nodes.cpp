// SPDX-License-Identifier: BSD-3-Clause
#include "config/keep_nodes.hpp"

#include "config/shared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace troupe::config {

namespace {

/// `cluster` is the last section of a shared text, see split().
constexpr std::string_view section = "cluster:";

size_t start_of_section(std::string_view shared) {
  if (shared.starts_with(section))
    return 0;
  const auto found = shared.rfind(fmt::format("\n{}", section));
  if (found == std::string_view::npos)
    throw std::runtime_error{"the configuration lists no nodes"};
  return found + 1;
}

} // namespace

std::string keep_nodes(std::string_view shared,
                       const std::vector<std::string>& names) {
  if (names.empty())
    throw std::runtime_error{"no node is named"};
  const auto listed = nodes_of(shared, "the configuration");
  std::string result{shared.substr(0, start_of_section(shared))};
  result += "cluster:\n  nodes:\n";
  for (const auto& name : names) {
    const auto found =
      std::find_if(listed.nodes.begin(), listed.nodes.end(),
                   [&](const auto& x) { return x.name == name; });
    if (found == listed.nodes.end())
      throw std::runtime_error{fmt::format(
        "{} is not in cluster.nodes of the configuration in force", name)};
    result += fmt::format("    - {{name: {}, address: \"{}\"}}\n", name,
                          found->address);
  }
  return result;
}

} // namespace troupe::config
