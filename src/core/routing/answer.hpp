// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace troupe::routing {

/// `http.ambiguous_paths`: what becomes of a path whose two readings lead to
/// different routes.
enum class ambiguous_paths : uint8_t {
  refuse,
  as_sent, ///< reading A decides alone
};

/// What a table of routes says to a request.
struct answer {
  static constexpr uint32_t no_route = UINT32_MAX;

  enum class kind : uint8_t {
    route,     ///< `a`, an index into the table
    none,      ///< no route matches
    ambiguous, ///< 400 `ambiguous_path`
  };
  kind what = kind::none;
  /// Where the two readings of the path lead; `no_route` is a place too.
  uint32_t a = no_route;
  uint32_t b = no_route;

  bool operator==(const answer&) const = default;
};

constexpr answer make_answer(uint32_t a, uint32_t b) noexcept {
  using enum answer::kind;
  return {a != b ? ambiguous : a == answer::no_route ? none : route, a, b};
}

/// For a path that cannot be read.
inline constexpr answer unreadable{answer::kind::ambiguous};

} // namespace troupe::routing
