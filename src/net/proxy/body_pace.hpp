// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace troupe::net {

/// How long the sender of a body keeps its reader waiting. Only time in which
/// bytes are awaited counts: while the other side of a transfer takes none, the
/// clock stands still.
class body_pace {
public:
  using duration = clock::duration;

  /// Bytes are awaited from now on. @returns false if they were already.
  bool await(time_point now) noexcept {
    if (awaited_since_ != time_point{})
      return false;
    awaited_since_ = now;
    return true;
  }

  /// They are no longer awaited.
  void stop(time_point now) noexcept {
    if (awaited_since_ == time_point{})
      return;
    const auto waited = now - std::exchange(awaited_since_, time_point{});
    waited_ += waited;
    behind_ += waited;
  }

  /// So many bytes came; `rate` a second are expected, 0 expects nothing.
  void came(size_t bytes, uint32_t rate) noexcept {
    if (rate == 0) {
      behind_ = {};
      return;
    }
    const auto worth =
      duration{std::chrono::seconds{1}} * static_cast<int64_t>(bytes) / rate;
    behind_ -= std::min(behind_, worth); // who was fast may not be slow for it
  }

  /// All the time in which bytes were awaited.
  duration waited() const noexcept { return waited_; }

  /// The part of it that the received bytes do not account for.
  duration behind() const noexcept { return behind_; }

private:
  time_point awaited_since_;
  duration waited_{};
  duration behind_{};
};

} // namespace troupe::net
