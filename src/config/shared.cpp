// SPDX-License-Identifier: BSD-3-Clause
#include "config/shared.hpp"

#include "config/layout.hpp"
#include "config/replace_sections.hpp"
#include "config/section_texts.hpp"
#include "config/sections.hpp"
#include "core/stable_hash.hpp"

#include <fmt/format.h>

namespace troupe::config {

namespace {

std::vector<node_settings> nodes_in(const document& read, report& problems) {
  if (read.root == nullptr)
    return {};
  const std::string no_node;
  const variable_lookup no_variables;
  reading with{problems, no_node, no_variables};
  const cursor root{*read.root, "", with};
  const auto nodes = root.at(cluster_key, nodes_key);
  return nodes ? read_nodes(*nodes, node_addresses::as_written)
               : std::vector<node_settings>{};
}

} // namespace

shared_part split(std::string_view text, const std::string& file) {
  shared_part result;
  report problems{file};
  auto read = read_sections(text, problems);
  if (const auto sections = section_texts_of(text, read, problems)) {
    result.text = assemble(*sections);
    report of_nodes{file}; // what the sections say is not looked at
    result.nodes = nodes_in(read, of_nodes);
  }
  result.problems = problems.take_problems();
  return result;
}

std::string shared_hash(std::string_view shared) {
  auto lines = split_lines(shared);
  while (!lines.empty() && is_blank(lines.back())) {
    shared.remove_suffix(lines.back().size());
    lines.pop_back();
  }
  if (shared.ends_with('\n'))
    shared.remove_suffix(1);
  return fmt::format("{:016x}", stable_hash(shared));
}

node_list nodes_of(std::string_view shared, const std::string& name) {
  node_list result;
  report problems{name};
  const auto read = read_sections(shared, problems);
  if (!problems.has_problems())
    result.nodes = nodes_in(read, problems);
  result.problems = problems.take_problems();
  return result;
}

pulled pull(std::string_view text, const std::string& file,
            std::string_view shared) {
  pulled result;
  report problems{file};
  const auto record = problems.add_source("record");
  auto own = read_sections(text, problems);
  auto theirs = read_sections(shared, problems, record);
  const auto sections = section_texts_of(shared, theirs, problems, record);
  if (sections && !problems.has_problems()) {
    if (auto made = replace_sections(text, own, *sections))
      result.text = std::move(*made);
    else
      problems.add_problem({}, "",
                           "its sections cannot be replaced; write them in "
                           "block style, one below the other");
  }
  result.problems = problems.take_problems();
  return result;
}

} // namespace troupe::config
