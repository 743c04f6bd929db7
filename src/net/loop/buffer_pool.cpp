// SPDX-License-Identifier: BSD-3-Clause
#include "net/loop/buffer_pool.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::net {

char* buffer::prepare(buffer_pool& pool, size_t count) {
  if (capacity_ - end_ >= count)
    return block_ + end_;
  const auto held = size();
  if (capacity_ >= held + count) {
    std::memmove(block_, block_ + begin_, held);
  } else {
    auto [block, capacity] = pool.take(held + count);
    if (held > 0)
      std::memcpy(block, data(), held);
    if (block_ != nullptr)
      pool_->give(block_, capacity_);
    pool_ = &pool;
    block_ = block;
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = static_cast<uint32_t>(held);
  return block_ + end_;
}

void buffer::append(buffer_pool& pool, std::string_view bytes) {
  if (bytes.empty())
    return;
  std::memcpy(prepare(pool, bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
}

void buffer::consume(size_t count) noexcept {
  begin_ += static_cast<uint32_t>(count);
  if (begin_ == end_)
    reset();
}

void buffer::give_back() noexcept {
  pool_->give(block_, capacity_);
  pool_ = nullptr;
  block_ = nullptr;
  capacity_ = begin_ = end_ = 0;
}

buffer_pool::~buffer_pool() {
  for (auto& blocks : free_)
    for (auto* block : blocks)
      delete[] block;
}

std::pair<char*, uint32_t> buffer_pool::take(size_t count) {
  const auto size = std::find_if(sizes.begin(), sizes.end(),
                                 [count](uint32_t n) { return n >= count; });
  const auto capacity =
    size != sizes.end() ? *size : static_cast<uint32_t>(count);
  char* block = nullptr;
  if (size != sizes.end()) {
    auto& blocks = free_[size - sizes.begin()];
    if (!blocks.empty()) {
      block = blocks.back();
      blocks.pop_back();
    }
  }
  if (block == nullptr)
    block = new char[capacity];
  in_use_.add(capacity);
  return {block, capacity};
}

void buffer_pool::give(char* block, uint32_t capacity) noexcept {
  in_use_.sub(capacity);
  const auto size = std::find(sizes.begin(), sizes.end(), capacity);
  if (size != sizes.end()) {
    auto& blocks = free_[size - sizes.begin()];
    if ((blocks.size() + 1) * capacity <= free_bytes_max) {
      try {
        blocks.push_back(block);
        return;
      } catch (...) { // no memory to remember it: let it go
      }
    }
  }
  delete[] block;
}

} // namespace troupe::net
