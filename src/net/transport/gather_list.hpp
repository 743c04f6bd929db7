// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <sys/uio.h>

namespace troupe::net {

/// Buffers that leave by one call, in this order (writev(2)). It owns none of
/// them.
class gather_list {
public:
  static constexpr size_t buffers_max = 17;

  /// Neighbours in memory become one buffer: a head that did not change and its
  /// body, or chunks one after the other.
  /// @pre not full()
  void add(std::string_view bytes) noexcept {
    if (bytes.empty())
      return;
    auto* data = const_cast<char*>(bytes.data());
    if (count_ > 0 && end_of(buffers_[count_ - 1]) == data)
      buffers_[count_ - 1].iov_len += bytes.size();
    else
      buffers_[count_++] = {data, bytes.size()};
  }

  bool full() const noexcept { return count_ == buffers_.size(); }
  void clear() noexcept { count_ = 0; }
  std::span<iovec> buffers() noexcept { return {buffers_.data(), count_}; }

private:
  static const char* end_of(const iovec& x) noexcept {
    return static_cast<const char*>(x.iov_base) + x.iov_len;
  }

  std::array<iovec, buffers_max> buffers_;
  size_t count_ = 0;
};

} // namespace troupe::net
