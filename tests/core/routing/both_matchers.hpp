// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "caf_test.hpp"

#include "core/routing/matcher.hpp"
#include "core/routing/sample_request.hpp"
#include "core/routing/slow_matcher.hpp"

#include <vector>

/// One table in both matchers, which must agree.
class both_matchers {
public:
  using table = std::vector<troupe::routing::conditions>;

  explicit both_matchers(const table& routes,
                         troupe::routing::ambiguous_paths ambiguous =
                           troupe::routing::ambiguous_paths::refuse)
    : fast_(routes, {ambiguous}), slow_(routes, ambiguous) {}

  troupe::routing::answer match(const sample_request& request) {
    const auto result = slow_.match(request.view());
    CAF_CHECK(fast_.match(request.view()) == result);
    return result;
  }

  /// Whether the first route matches. There is no other one.
  bool holds(const sample_request& request) {
    return match(request).what == troupe::routing::answer::kind::route;
  }

private:
  troupe::routing::matcher fast_;
  troupe::routing::slow_matcher slow_;
};
