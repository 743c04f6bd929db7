// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace troupe::net {

/// A number of items, for all users on one loop.
class quota {
public:
  explicit quota(size_t max) noexcept : left_(max) {}

  /// @returns false when there is none left.
  bool take() noexcept {
    if (left_ == 0)
      return false;
    --left_;
    return true;
  }

  void give_back(size_t count) noexcept { left_ += count; }

private:
  size_t left_;
};

} // namespace troupe::net
