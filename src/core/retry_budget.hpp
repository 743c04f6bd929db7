// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace troupe {

/// Rule 38: a token bucket per worker and backend. Each request adds 0.2 of a
/// token, each retry takes one; 200 at most, full at start. Connect failures
/// spend nothing (their callers do not ask).
class retry_budget {
public:
  void on_request() noexcept {
    fifths_ = fifths_ + 1 < capacity ? fifths_ + 1 : capacity;
  }

  /// @returns false, and takes nothing, when no whole token is left.
  bool try_spend() noexcept {
    if (fifths_ < 5)
      return false;
    fifths_ -= 5;
    return true;
  }

private:
  static constexpr uint32_t capacity = 200 * 5;
  uint32_t fifths_ = capacity; ///< fifths of a token
};

} // namespace troupe
