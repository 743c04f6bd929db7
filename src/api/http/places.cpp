// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/places.hpp"

#include <map>
#include <tuple>

namespace troupe::admin {

std::optional<size_t> who_makes_room(std::span<const place> taken,
                                     const std::string& newcomer) {
  std::map<std::string_view, size_t> held{{newcomer, 1}};
  for (const auto& x : taken)
    ++held[x.source];
  const auto share = taken.size() / 4;
  const auto rank = [&](const place& x) {
    const bool within_share = held[x.source] <= share;
    return std::tuple{within_share, x.what, x.since};
  };
  std::optional<size_t> found;
  for (size_t n = 0; n < taken.size(); ++n)
    if (taken[n].what != claim::trusted
        && (!found || rank(taken[n]) < rank(taken[*found])))
      found = n;
  return found;
}

} // namespace troupe::admin
