// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::net::http1 {

enum class edit : uint8_t { kept, changed, too_long };

/// Gives fields of a received head other values.
/// @param store Where these lie, for as long as the head is used; cleared
/// first.
/// @param change Called with each field and the store, to which it appends the
/// new value if there is one. @returns an `edit`.
/// @returns false if a value becomes too long.
template <class Change>
bool edit_fields(std::span<field> fields, std::string& store, Change&& change) {
  store.clear();
  // Views of the store would end where it grows.
  std::vector<std::tuple<field*, size_t, size_t>> places;
  for (auto& x : fields) {
    const auto begin = store.size();
    const edit made = change(std::as_const(x), store);
    if (made == edit::too_long)
      return false;
    if (made == edit::changed)
      places.emplace_back(&x, begin, store.size() - begin);
  }
  for (const auto& [x, begin, size] : places)
    x->value = std::string_view{store}.substr(begin, size);
  return true;
}

} // namespace troupe::net::http1
