// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe {

/// Positions by name: what a message or a reload names is found at once, among
/// ten thousand as among ten. Keeps its own copies of the names.
class name_index {
public:
  /// Of every element of `list`; the first of equal names counts.
  template <class List, class Name>
  void assign(const List& list, Name name) {
    positions_.clear();
    positions_.reserve(list.size());
    size_t at = 0;
    for (const auto& x : list)
      positions_.emplace(name(x), at++);
  }

  void clear() noexcept { positions_.clear(); }

  std::optional<size_t> find(std::string_view name) const {
    const auto found = positions_.find(name);
    if (found == positions_.end())
      return std::nullopt;
    return found->second;
  }

private:
  struct hash {
    using is_transparent = void;
    size_t operator()(std::string_view x) const noexcept {
      return std::hash<std::string_view>{}(x);
    }
  };

  std::unordered_map<std::string, size_t, hash, std::equal_to<>> positions_;
};

} // namespace troupe
