// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace troupe::net {

/// The work that one connection may do before the others get their turn (rule
/// 22).
class turn_budget {
public:
  void spend(size_t bytes) noexcept {
    ++operations_;
    bytes_ += bytes;
  }
  bool spent() const noexcept {
    return operations_ >= operations_max || bytes_ >= bytes_max;
  }

private:
  static constexpr size_t operations_max = 16;
  static constexpr size_t bytes_max = size_t{256} * 1024;
  size_t operations_ = 0;
  size_t bytes_ = 0;
};

/// Read sizes: large only while the other side keeps up (rule 24).
inline constexpr size_t read_large = 65'536;
inline constexpr size_t read_small = 16'384;
inline constexpr size_t read_tight = 4'096; ///< buffers are running out

} // namespace troupe::net
