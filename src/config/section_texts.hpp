// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/shared_sections.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// One section of a record's text.
struct section_text {
  std::string key; ///< one of shared_keys, or nodes_key
  /// Whole lines that begin at the margin; for `nodes` what stands below
  /// `cluster:`, from column `nodes_column`.
  std::string text;
};

inline constexpr size_t nodes_column = 2;

/// A record's text.
std::string assemble(const std::vector<section_text>& sections);

/// Reads a text of sections: a map, or nothing (then without a root). Reports a
/// problem if it is not, or if its boundary is not sound (see boundary.hpp).
/// @param source Number of this text in `problems`.
document read_sections(std::string_view text, report& problems,
                       unsigned source = 0);

/// The shared sections of a text: as written if that reads as the same, else
/// rewritten.
/// @param read What read_sections() made of it.
/// @returns nothing after a problem.
std::optional<std::vector<section_text>> section_texts_of(std::string_view text,
                                                          document& read,
                                                          report& problems,
                                                          unsigned source = 0);

/// Whether `text` is YAML whose shared side is `shared` and, unless that is
/// null, whose local side is `local`.
bool reads_as(std::string_view text, const node& shared,
              const node* local = nullptr);

} // namespace troupe::config
