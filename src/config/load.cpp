// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.hpp"

#include "config/pages.hpp"
#include "config/sections.hpp"
#include "config/shared_sections.hpp"
#include "config/show.hpp"
#include "core/stable_hash.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <system_error>
#include <variant>

namespace troupe::config {

namespace {

constexpr size_t file_size_max = 1 << 20;

void read_optional(const map_cursor& map, const own_node& self, settings& out) {
  if (const auto* global = map.find("global"))
    read_global(*global, out.global);
  if (const auto* admin = map.find("admin"))
    read_admin(*admin, out.admin);
  if (const auto* metrics = map.find("metrics"))
    read_metrics(*metrics, out.metrics);
  if (const auto* cluster = map.find("cluster"))
    read_cluster(*cluster, self, out.cluster);
}

void read_settings(const cursor& root, const own_node& self, settings& out) {
  static constexpr std::string_view keys[] = {
    "version",   "global",   "admin",  "metrics", "health_check_defaults",
    "frontends", "backends", "cluster"};
  const map_cursor map{root, keys};
  map.read("version", out.version,
           number{1, 1, "this is the only version there is"});
  read_optional(map, self, out);
  check_settings defaults;
  if (const auto* check = map.find("health_check_defaults"))
    read_health_check(*check, defaults);
  if (const auto* frontends = map.require("frontends"))
    out.frontends = read_frontends(*frontends);
  if (const auto* backends = map.require("backends"))
    out.backends = read_backends(*backends, defaults);
  check_references(root, out);
  check_ineffective(root, out);
  find_ipv4_too(out);
}

/// A document that is a map of sections; else null, and a problem.
/// @param needs What a text must have at least, in the message about none.
const node* read_root(std::string_view text, document& into, report& problems,
                      unsigned source, const std::string& needs) {
  if (text.size() > file_size_max) {
    problems.add_problem({0, 0, source}, "", "larger than 1MiB");
    return nullptr;
  }
  into = read_document(text, problems, source);
  if (problems.has_problems())
    return nullptr;
  if (into.root == nullptr || into.root->kind == node_kind::nothing) {
    problems.add_problem({0, 0, source}, "", "empty; it needs " + needs);
    return nullptr;
  }
  if (into.root->kind == node_kind::map)
    return into.root;
  const std::string no_node;
  const variable_lookup no_variables;
  reading with{problems, no_node, no_variables};
  cursor{*into.root, "", with}.unexpected(
    "a map of sections such as frontends and backends");
  return nullptr;
}

own_node make_own_node(const std::string& file, const std::string& node,
                       bool must_be_listed) {
  return {node, std::filesystem::path{file}.parent_path().string(),
          must_be_listed};
}

void read_text(std::string_view text, const own_node& self,
               const variable_lookup& variables, report& problems,
               settings& out) {
  document file;
  const auto* root =
    read_root(text, file, problems, 0, "at least frontends and backends");
  if (root == nullptr)
    return;
  reading with{problems, self.name, variables};
  read_settings(cursor{*root, "", with}, self, out);
}

/// Whatever a record has beyond the shared sections would be every node's.
void check_only_shared(document& record, report& problems) {
  for (const auto& [key, value] : local_side(record).entries) {
    const bool cluster = key->text == cluster_key;
    problems.add_problem(cluster ? value->at : key->at, cut(key->text),
                         cluster ? "each node's own, except its nodes"
                                 : "each node's own, not the cluster's; only "
                                   "health_check_defaults, frontends, "
                                   "backends and cluster.nodes are shared");
  }
}

void read_both(std::string_view record, std::string_view text,
               const own_node& self, const variable_lookup& variables,
               report& problems, unsigned own_source, settings& out) {
  document theirs, ours;
  const auto* shared =
    read_root(record, theirs, problems, 0, "at least frontends and backends");
  const auto* own = read_root(text, ours, problems, own_source,
                              "at least this node's part of cluster");
  if (shared == nullptr || own == nullptr)
    return;
  check_only_shared(theirs, problems);
  const auto& root = joined(ours, local_side(ours), shared_side(theirs));
  reading with{problems, self.name, variables};
  read_settings(cursor{root, "", with}, self, out);
}

/// The text of a file, or why it cannot be had. One byte over the limit is
/// read, so that a larger file shows.
std::variant<std::string, std::error_code> read_file(const std::string& name) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{
    std::fopen(name.c_str(), "re"), std::fclose};
  if (!file)
    return std::error_code{errno, std::generic_category()};
  std::string text(file_size_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0)
    return std::error_code{errno, std::generic_category()};
  return text;
}

std::optional<std::string> from_environment(std::string_view name) {
  const auto* value = std::getenv(std::string{name}.c_str());
  if (value == nullptr)
    return std::nullopt;
  return value;
}

/// Runs `read` with a report whose problems become those of the result.
template <class Read>
loaded collect(const std::string& name, Read read) {
  loaded result;
  report problems{name};
  try {
    read(problems, result.settings);
  } catch (const std::exception& e) {
    // A lookup or an allocation: the author still gets a message.
    problems.add_problem({}, "", std::string{"cannot be read: "} + e.what());
  }
  result.problems = problems.take_problems();
  result.warnings = problems.take_warnings();
  result.files = problems.take_files();
  return result;
}

/// Calls `parse_it` with the text of a file.
template <class Parse>
loaded from_file(const std::string& file, Parse parse_it) {
  auto text = read_file(file);
  if (auto* text_read = std::get_if<std::string>(&text))
    return parse_it(*text_read);
  loaded result;
  result.problems.push_back(
    {file, 0, 0, "",
     "cannot be read: " + std::get<std::error_code>(text).message()});
  return result;
}

uint64_t hash_with(const shared_record& record, std::string_view text,
                   const settings& read) {
  return stable_hash(text, stable_hash(record.text, hash_of_pages(read)));
}

} // namespace

loaded parse(std::string_view text, const std::string& file,
             const std::string& node, const variable_lookup& variables) {
  auto result = collect(file, [&](report& problems, settings& out) {
    read_text(text, make_own_node(file, node, true), variables, problems, out);
  });
  result.hash = stable_hash(text, hash_of_pages(result.settings));
  return result;
}

loaded load(const std::string& file, const std::string& node) {
  return from_file(file, [&](std::string& text) {
    auto result = parse(text, file, node, from_environment);
    result.text = std::move(text);
    return result;
  });
}

loaded parse_with(const shared_record& record, std::string_view text,
                  const std::string& file, const std::string& node,
                  const variable_lookup& variables) {
  auto result = collect(record.name, [&](report& problems, settings& out) {
    const auto own_source = problems.add_source(file);
    read_both(record.text, text, make_own_node(file, node, false), variables,
              problems, own_source, out);
  });
  result.hash = hash_with(record, text, result.settings);
  return result;
}

loaded load_with(const shared_record& record, const std::string& file,
                 const std::string& node, const loaded* known) {
  return from_file(file, [&](const std::string& text) {
    if (!known || !known->ok() || text != known->text
        || hash_of_pages(known->settings) != 0) // those may say something else
      return parse_with(record, text, file, node, from_environment);
    auto result = *known;
    result.hash = hash_with(record, text, result.settings);
    return result;
  });
}

} // namespace troupe::config
