// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// YAML to checked settings. The only part that knows yaml-cpp.
namespace troupe::config {

/// One thing wrong with a configuration, ready to be shown to its author.
struct problem {
  std::string file;
  unsigned line = 0;   ///< from 1; 0 when it is about the file as a whole
  unsigned column = 0; ///< from 1
  std::string path;    ///< "backends[0].servers[2].weight"
  std::string text;    ///< what was found, what is allowed, the way out
  /// `troupe.yaml:14:15: backends[0].servers[2].weight: got 0,
  /// expected 1..1000`
  std::string to_string() const;
};

/// @returns each as text.
std::vector<std::string> to_lines(const std::vector<problem>& problems);

/// Looks up `${NAME}` in values; `${node}` is the node's own name.
using variable_lookup =
  std::function<std::optional<std::string>(std::string_view name)>;

/// Where a value stands that names a file, so that what is in the file can be
/// told as a problem of the configuration.
struct file_place {
  std::string path; ///< "cluster.tls.key"
  std::string file; ///< of the configuration
  unsigned line = 0;
  unsigned column = 0;
};

struct loaded {
  troupe::settings settings;     ///< meaningful only without problems
  std::vector<problem> problems; ///< all of them, in the order of the file
  std::vector<problem> warnings;
  std::vector<file_place> files; ///< certificates, keys and tokens it names
  uint64_t hash = 0;             ///< stable_hash of all that was read
  std::string text;              ///< of the file, as load() read it
  bool ok() const noexcept { return problems.empty(); }

  /// A problem, or a warning, at the place of `path`, or of the file as a whole
  /// if it is none of `files`.
  problem at(const std::string& path, std::string text) const;
};

/// Reads and checks `text`. Never throws; finds every problem at once.
/// @param file Name shown in problems; relative paths of `cluster.tls` start
/// from its directory. Those files are looked at.
/// @param node This node's name, for `${node}`; a problem if the text lists
/// nodes and this one is not among them.
loaded parse(std::string_view text, const std::string& file,
             const std::string& node, const variable_lookup& variables);

/// As parse(), from a file, with the environment as variables.
loaded load(const std::string& file, const std::string& node);

/// The cluster's part of a configuration, see shared.hpp.
struct shared_record {
  std::string text;
  std::string name; ///< in problems: "generation 7", "candidate"
};

/// As parse(), of a record's shared sections and a file's local ones; those the
/// file shares are not looked at. This node need not be listed: one that was
/// removed continues with the last record it has.
loaded parse_with(const shared_record& record, std::string_view text,
                  const std::string& file, const std::string& node,
                  const variable_lookup& variables);

/// As parse_with(), from a file, with the environment as variables.
/// @param known What load() read where the file had the record's shared
/// sections, or null: what is returned if the file still says the same.
loaded load_with(const shared_record& record, const std::string& file,
                 const std::string& node, const loaded* known = nullptr);

} // namespace troupe::config
