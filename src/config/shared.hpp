// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/load.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The part of a configuration file that belongs to the cluster and not to the
/// node whose file it is: `health_check_defaults`, `frontends`, `backends` and
/// `cluster.nodes`. Taken out of the file as it is written, it is the text of
/// the cluster's record.
namespace troupe::config {

/// Bytes a record's text may have (rule 6).
inline constexpr size_t shared_size_max = size_t{1} << 20;

struct shared_part {
  std::string text; ///< meaningful only without problems
  /// As nodes_of() gives them; meaningful only if nothing is wrong with them.
  std::vector<node_settings> nodes;
  std::vector<problem> problems; ///< only of what this function needs
  bool ok() const noexcept { return problems.empty(); }
};

/// Takes the shared sections out of a file's text: variables not replaced,
/// comments inside a section kept, those before it left behind. The result is
/// itself such a text: splitting it again changes nothing.
///
/// Always in the order named above, with line feeds only, `cluster.nodes`
/// indented by two; thus files that differ only in their local sections, in the
/// order of sections or in line ends give the same bytes. A missing section is
/// left out. A section that shares lines with others (flow style) is written
/// again, without its comments.
///
/// Does not check what the sections say. Problems: no YAML, a section twice, an
/// alias on one side of the boundary whose anchor is on the other, more than
/// `shared_size_max`.
shared_part split(std::string_view text, const std::string& file);

/// 16 hex digits that identify a shared text; blank lines at its end do not
/// count. Not cryptographic: where being equal decides something, compare
/// texts.
std::string shared_hash(std::string_view shared);

struct node_list {
  std::vector<node_settings> nodes; ///< none if the text lists none
  std::vector<problem> problems;
  bool ok() const noexcept { return problems.empty(); }
};

/// Nodes of a shared text as it is written, variables in addresses not
/// replaced: the same on every node, so these are the voters. Names cannot have
/// variables.
/// @param name Of the text in problems, such as "generation 7".
node_list nodes_of(std::string_view shared, const std::string& name);

struct pulled {
  std::string text; ///< meaningful only without problems
  std::vector<problem> problems;
  bool ok() const noexcept { return problems.empty(); }
};

/// A file's text with its shared sections replaced by those of a record, so
/// that split() gives the record's text. Local sections, comments outside the
/// replaced sections, order and line ends stay. A file whose sections share
/// lines is rewritten as a whole, without its comments.
pulled pull(std::string_view text, const std::string& file,
            std::string_view shared);

} // namespace troupe::config
