// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>

namespace troupe {

/// A number with one writing thread and any number of readers.
///
/// Adding is a relaxed load and store, so it compiles to plain moves: no locked
/// instruction on the path of a request. Readers may see it a moment late.
class counter {
public:
  void add(uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }

  void sub(uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - n,
                 std::memory_order_relaxed);
  }

  void set(uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }

  uint64_t get() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<uint64_t> value_{0};
};

} // namespace troupe
