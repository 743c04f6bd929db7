// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/answer.hpp"
#include "core/routing/condition_block.hpp"
#include "core/routing/conditions.hpp"
#include "core/routing/key_table.hpp"
#include "core/routing/request_view.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::routing {

struct matcher_options {
  ambiguous_paths ambiguous = ambiguous_paths::refuse;
  /// Longest path that is read. A longer one that is not its own reading is
  /// answered as ambiguous. The parser of heads allows 8192 by default.
  uint32_t path_bytes_max = 8'192;
};

/// Finds the first route of a table that matches (rule 122). The answer is
/// always that of slow_matcher, which says in a few lines what it must be.
///
/// Routes lie in *places*: under each host they name, or under "any host", and
/// there under each path, under each prefix, or under "any path". A request
/// looks into the few places that fit it and asks the routes there for what is
/// left of their conditions, those behind the best one found so far excepted.
/// So hosts, paths and prefixes cost nothing however many there are, while
/// routes in one place cost one after the other.
///
/// Built when a configuration is loaded, once for each worker: match() uses
/// buffers of its own. It does not allocate, but see `regex`.
class matcher {
public:
  explicit matcher(const std::vector<conditions>& routes,
                   const matcher_options& options = {});

  answer match(const request_view& request) noexcept;

private:
  class builder;
  struct search;

  /// A route in a place.
  struct candidate {
    uint32_t route;
    /// Of `blocks_`, what is left to be asked; `nothing_left` if there is none.
    uint32_t block;
  };
  static constexpr uint32_t nothing_left = UINT32_MAX;

  /// A part of `candidates_`, in the order of the routes.
  struct place {
    uint32_t first = 0;
    uint32_t size = 0;
  };

  /// What is known of one host, or of any.
  struct site {
    place any_path;
    bool has_paths = false;
    uint32_t prefixes = key_table::none; ///< root of its tree
  };

  /// Sites by the name of a host, or of TLS.
  struct names {
    key_table exact;  ///< in space 0: the site
    key_table labels; ///< tree of labels, the last one first: the next node
    std::vector<uint32_t> wildcards; ///< by node: the site, or `none`
  };

  uint32_t first_match(const request_view& request,
                       std::string_view path) const;

  std::vector<condition_block> blocks_;
  std::vector<candidate> candidates_;
  std::vector<place> places_;
  std::vector<site> sites_; ///< the first is that of any host
  names hosts_;
  names snis_;
  key_table paths_;           ///< in the space of a site: the place
  key_table prefixes_;        ///< tree of segments: the next node
  std::vector<place> prefix_; ///< by node: the place, perhaps an empty one
  std::vector<char> buffer_;  ///< for the readings of a path
  ambiguous_paths ambiguous_;
};

} // namespace troupe::routing
