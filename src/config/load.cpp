// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.hpp"

#include "config/document.hpp"
#include "config/sections.hpp"
#include "core/stable_hash.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <system_error>
#include <variant>

namespace troupe::config {

namespace {

constexpr size_t file_size_max = 1 << 20;

void read_optional(const map_cursor& map, settings& out) {
  if (const auto* global = map.find("global"))
    read_global(*global, out.global);
  if (const auto* admin = map.find("admin"))
    read_admin(*admin, out.admin);
  if (const auto* metrics = map.find("metrics"))
    read_metrics(*metrics, out.metrics);
  if (const auto* cluster = map.find("cluster"))
    refuse_cluster(*cluster);
}

void read_settings(const cursor& root, settings& out) {
  static constexpr std::string_view keys[] = {
    "version",   "global",   "admin",  "metrics", "health_check_defaults",
    "frontends", "backends", "cluster"};
  const map_cursor map{root, keys};
  map.read("version", out.version,
           number{1, 1, "this is the only version there is"});
  read_optional(map, out);
  check_settings defaults;
  if (const auto* check = map.find("health_check_defaults"))
    read_health_check(*check, defaults);
  if (const auto* frontends = map.require("frontends"))
    out.frontends = read_frontends(*frontends);
  if (const auto* backends = map.require("backends"))
    out.backends = read_backends(*backends, defaults);
  check_references(root, out);
  check_effects(root, out);
}

void read_text(std::string_view text, const std::string& node,
               const variable_lookup& variables, report& problems,
               settings& out) {
  if (text.size() > file_size_max) {
    problems.add_problem({}, "", "larger than 1MiB");
    return;
  }
  const auto document = read_document(text, problems);
  if (problems.has_problems())
    return;
  if (document.root == nullptr || document.root->kind == node_kind::nothing) {
    problems.add_problem({}, "",
                         "empty; it needs at least frontends and backends");
    return;
  }
  reading with{problems, node, variables};
  const cursor root{*document.root, "", with};
  if (document.root->kind == node_kind::map)
    read_settings(root, out);
  else
    root.unexpected("a map of sections such as frontends and backends");
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

} // namespace

loaded parse(std::string_view text, const std::string& file,
             const std::string& node, const variable_lookup& variables) {
  loaded result;
  report problems{file};
  try {
    read_text(text, node, variables, problems, result.settings);
  } catch (const std::exception& e) {
    // A lookup or an allocation: the author still gets a message.
    problems.add_problem({}, "", std::string{"cannot be read: "} + e.what());
  }
  result.problems = problems.take_problems();
  result.warnings = problems.take_warnings();
  result.hash = stable_hash(text);
  return result;
}

loaded load(const std::string& file, const std::string& node) {
  auto text = read_file(file);
  if (const auto* error = std::get_if<std::error_code>(&text)) {
    loaded result;
    result.problems.push_back(
      {file, 0, 0, "", "cannot be read: " + error->message()});
    return result;
  }
  return parse(std::get<std::string>(text), file, node, from_environment);
}

} // namespace troupe::config
