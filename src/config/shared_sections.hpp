// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/document.hpp"

#include <array>
#include <string_view>

/// The boundary between the cluster's sections of a document and the node's
/// own, drawn on trees: a `cluster` map is on both sides, because its `nodes`
/// are shared and its other keys are not. Trees made here live in the documents
/// they are made of and point into them.
namespace troupe::config {

inline constexpr std::string_view cluster_key = "cluster";
inline constexpr std::string_view nodes_key = "nodes";

/// Shared sections that are top-level keys, in the order of a record.
inline constexpr std::array<std::string_view, 3> shared_keys = {
  "health_check_defaults", "frontends", "backends"};

/// Whether a top-level key is one of those.
bool is_shared_key(std::string_view key);

/// An entry of a map: two nulls when there is none.
using tree_entry = std::pair<const node*, const node*>;

/// The first entry of a map with that key; none when `in` is null or no map.
tree_entry find_entry(const node* in, std::string_view key);

/// The shared side as one map, in the order of a record, `nodes` within
/// `cluster`; a key that stands there twice is there twice.
/// @pre the root is null, empty or a map; so below.
const node& shared_side(document& of);

/// The local side as one map, in the order of the file; without `cluster` if it
/// says nothing else than nodes.
const node& local_side(document& of);

/// Both sides as one tree, whatever documents they come from; it is made in
/// `into`. A section that it lacks is missing in the place of `shared`.
const node& joined(document& into, const node& local, const node& shared);

/// A map of one entry.
node alone(const tree_entry& entry);

/// Whether two trees say the same, wherever it stands and whether or not
/// aliases are used.
bool same_tree(const node& a, const node& b);

/// Reports keys of the boundary twice in a map, and aliases across the
/// boundary.
void check_shared_sections(document& of, report& problems);

} // namespace troupe::config
