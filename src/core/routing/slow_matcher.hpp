// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/answer.hpp"
#include "core/routing/conditions.hpp"
#include "core/routing/request_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::routing {

/// A route that does not match, and the first of its conditions that does not
/// hold: "method is POST, not GET or HEAD". One line of plain text, whatever
/// the client sent.
struct passed_over {
  uint32_t route = 0;
  std::string why;
};

/// What one reading of the path leads to.
struct explained_reading {
  std::string path;
  uint32_t route = answer::no_route;
  std::vector<passed_over> passed; ///< the routes in front of it
};

struct explanation {
  routing::answer answer;
  /// A alone, or A and B if they differ and both are asked.
  std::vector<explained_reading> readings;
};

/// What a table of routes means, as plainly as it can be said: each route in
/// order, each of its conditions. It is what `matcher` is tested against, and
/// explains (rule 123). It shares no code with `matcher` but the readings of
/// paths, network_list and RE2, and compiles regexes each time.
class slow_matcher {
public:
  explicit slow_matcher(std::vector<conditions> routes,
                        ambiguous_paths ambiguous = ambiguous_paths::refuse);

  answer match(const request_view& request) const;
  explanation explain(const request_view& request) const;

private:
  explained_reading read(const request_view& request,
                         std::string_view path) const;

  std::vector<conditions> routes_;
  ambiguous_paths ambiguous_;
};

/// The first condition that does not hold, in words; "" if all do.
/// @param path The reading of request.path that counts.
std::string why_not(const conditions& all, const request_view& request,
                    std::string_view path);

} // namespace troupe::routing
