// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/counter.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::net {

class buffer_pool;

/// Bytes that have to wait: a block of its loop's pool with a read position.
/// Empty buffers own nothing, so an idle connection costs none.
class buffer {
public:
  buffer() noexcept = default;
  buffer(buffer&& other) noexcept { swap(other); }
  buffer& operator=(buffer&& other) noexcept {
    buffer gone{std::move(other)};
    swap(gone);
    return *this;
  }
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;
  ~buffer() { reset(); }

  bool empty() const noexcept { return begin_ == end_; }
  size_t size() const noexcept { return end_ - begin_; }
  const char* data() const noexcept { return block_ + begin_; }
  std::string_view view() const noexcept { return {data(), size()}; }

  /// Room for `count` more bytes behind what is there; fill it, then commit().
  char* prepare(buffer_pool& pool, size_t count);
  void commit(size_t count) noexcept { end_ += static_cast<uint32_t>(count); }
  void append(buffer_pool& pool, std::string_view bytes);

  /// Drops the first `count` bytes; gives the block back once nothing is left.
  void consume(size_t count) noexcept;
  /// Gives the block back.
  void reset() noexcept {
    if (block_ != nullptr)
      give_back();
    begin_ = end_ = 0;
  }

private:
  void give_back() noexcept;
  void swap(buffer& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  buffer_pool* pool_ = nullptr;
  char* block_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
};

/// Recycled blocks of one loop, in four sizes, with a bound on what is in use
/// (rule 24): callers ask pressure() before they take on more.
class buffer_pool {
public:
  static constexpr std::array<uint32_t, 4> sizes{1024, 4096, 16384, 81920};

  /// @param bytes_max This loop's share of global.buffers_max.
  explicit buffer_pool(uint64_t bytes_max) noexcept : bytes_max_(bytes_max) {}
  ~buffer_pool();
  buffer_pool(const buffer_pool&) = delete;
  buffer_pool& operator=(const buffer_pool&) = delete;

  enum class level : uint8_t { normal, high, full };

  /// high from 80 % of the bound, full from 100 %.
  level pressure() const noexcept {
    const auto used = in_use_.get();
    return used * 10 < bytes_max_ * 8 ? level::normal
         : used < bytes_max_          ? level::high
                                      : level::full;
  }

  /// Below 70 % of the bound: well away from pressure.
  bool relaxed() const noexcept { return in_use_.get() * 10 < bytes_max_ * 7; }

  /// Bytes handed out; any thread may read it.
  const counter& in_use() const noexcept { return in_use_; }

private:
  friend class buffer;
  std::pair<char*, uint32_t> take(size_t count);
  void give(char* block, uint32_t capacity) noexcept;

  /// Free blocks kept per size: a burst's memory goes back to the system.
  static constexpr size_t free_bytes_max = 2u << 20;

  uint64_t bytes_max_;
  counter in_use_;
  std::array<std::vector<char*>, sizes.size()> free_;
};

} // namespace troupe::net
