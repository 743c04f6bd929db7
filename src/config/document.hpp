// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/report.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::config {

enum class node_kind : uint8_t { nothing, scalar, list, map };

/// One node of a text: its own tree rather than yaml-cpp's, because that one
/// drops duplicate keys, takes quadratic time for large maps and sets no bound
/// to what aliases unfold to.
struct node {
  node_kind kind = node_kind::nothing;
  position at;
  std::string text;                                         ///< of a scalar
  std::vector<const node*> items;                           ///< of a list
  std::vector<std::pair<const node*, const node*>> entries; ///< of a map
  uint64_t unfolded = 1; ///< nodes below and with this one, aliases unfolded
  bool complete = false; ///< false while its end was not read
};

/// Owns the nodes of one text; aliases share them.
struct document {
  std::deque<node> nodes;
  const node* root = nullptr; ///< none when there is nothing but comments
};

/// Levels of nesting; the deepest key of the schema is on the seventh.
inline constexpr unsigned depth_max = 32;

/// Nodes a text may unfold to.
inline constexpr uint64_t nodes_max = 1'000'000;

/// Reads one YAML document. Reports a problem when `text` is not UTF-8, has
/// control characters, is not YAML, or goes beyond the limits above: then the
/// result has no root.
/// @param source Number of this text in `problems`.
document read_document(std::string_view text, report& problems,
                       unsigned source = 0);

} // namespace troupe::config
