// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/stream.hpp"

#include <cstdint>

namespace troupe::net {

/// Bytes on their way from one socket to another through a kernel pipe,
/// without a copy into this process. Empty when destroyed, or the pipe is not
/// used again.
class spliced {
public:
  /// Bytes still due from which a body goes this way (rule 28).
  static constexpr uint64_t worth_min = 65'536;

  explicit spliced(loop& l) noexcept : loop_(l) {}
  ~spliced() { stop(); }
  spliced(const spliced&) = delete;
  spliced& operator=(const spliced&) = delete;

  /// Takes a pipe. @returns false when there is none: continue to copy.
  bool start() noexcept;
  void stop() noexcept;
  bool active() const noexcept { return pipe_.read >= 0; }
  size_t pending() const noexcept { return pending_; }

  /// Moves at most `max` bytes into the empty pipe.
  io_status fill(stream& from, size_t max, size_t& moved) noexcept;
  /// Moves what is in the pipe on. @returns done when something moved.
  io_status drain(stream& to, size_t& moved) noexcept;

private:
  loop& loop_;
  pipe_ends pipe_;
  size_t pending_ = 0;
};

} // namespace troupe::net
