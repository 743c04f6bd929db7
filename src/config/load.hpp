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

/// Looks up `${NAME}` in values; `${node}` is the node's own name.
using variable_lookup =
  std::function<std::optional<std::string>(std::string_view name)>;

struct loaded {
  troupe::settings settings;     ///< meaningful only without problems
  std::vector<problem> problems; ///< all of them, in the order of the file
  std::vector<problem> warnings;
  uint64_t hash = 0; ///< stable_hash of the text
  bool ok() const noexcept { return problems.empty(); }
};

/// Reads and checks `text`. Never throws; finds every problem at once.
/// @param file Name shown in problems.
/// @param node This node's name, for `${node}`.
loaded parse(std::string_view text, const std::string& file,
             const std::string& node, const variable_lookup& variables);

/// As parse(), from a file, with the environment as variables.
loaded load(const std::string& file, const std::string& node);

} // namespace troupe::config
