// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace troupe::routing {

/// Numbers for texts, each within a space of its own: filled once, then only
/// asked. A search costs the same in large tables as in small ones, and does
/// not allocate. A tree is a table whose spaces are its nodes.
class key_table {
public:
  static constexpr uint32_t none = UINT32_MAX;

  /// Taken out of the search, as one text is often sought in several spaces.
  static uint64_t hash(std::string_view text) noexcept {
    return std::hash<std::string_view>{}(text);
  }

  /// @returns the number stored for the text in that space, or `none`.
  /// @param text_hash hash(text)
  uint32_t find(uint32_t space, std::string_view text,
                uint64_t text_hash) const noexcept;
  uint32_t find(uint32_t space, std::string_view text) const noexcept {
    return find(space, text, hash(text));
  }

  /// The number stored for this text; `value` becomes it if there is none.
  uint32_t insert(uint32_t space, std::string_view text, uint32_t value);

  bool empty() const noexcept { return size_ == 0; }

private:
  /// What stands in front of each text, so that a search that finds a text
  /// looks into two places of the memory and no more.
  struct record {
    uint32_t space;
    uint32_t value;
    uint32_t size;
  };

  /// The number of slots is a power of two: the low bits of a hash are the
  /// position, the high ones the print.
  struct slot {
    uint32_t print = 0;
    uint32_t record = none; ///< where it begins in `records_`
  };

  static uint64_t mix(uint32_t space, uint64_t text_hash) noexcept;
  record record_at(uint32_t at) const noexcept;
  std::string_view text_at(uint32_t at, const record& x) const noexcept;
  void grow();
  void place(uint64_t hash, uint32_t at) noexcept;

  std::vector<slot> slots_; ///< at most half of them taken
  std::vector<char> records_;
  size_t size_ = 0;
};

} // namespace troupe::routing
