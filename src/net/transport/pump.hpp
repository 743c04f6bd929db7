// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/loop/turn_budget.hpp"
#include "net/transport/stream.hpp"

#include <cstdint>

namespace troupe::net {

/// One way of bytes from a source to a sink: streams and bodies, requests and
/// responses alike. What it reads at a time is what the sink is likely to take
/// at once and memory allows (rule 24). Its user sends that on, so that it can
/// look at it; or the kernel moves the bytes through a pipe, without a copy
/// into this process (rule 28). Its user reads nothing while the sink has
/// something unsent.
class pump {
public:
  /// Bytes still due from which they may go through a pipe.
  static constexpr uint64_t worth_min = 65'536;
  /// Where no end is known.
  static constexpr uint64_t endless = UINT64_MAX;

  enum class result : uint8_t {
    moved,
    source_empty,
    source_ended,
    source_failed,
    sink_full,
    sink_failed,
  };

  /// What went into the pipe and out of it.
  struct spliced {
    pump::result result;
    size_t taken = 0;
    size_t given = 0;
  };

  explicit pump(loop& l) noexcept : loop_(l) {}
  ~pump() { stop(); }
  pump(const pump&) = delete;
  pump& operator=(const pump&) = delete;

  /// Reads once. The bytes are in the loop's scratch buffer.
  received read(stream& source, const stream& sink) {
    if (!source.readable())
      return {};
    const auto max = read_max(sink);
    const auto got = source.receive(max);
    if (got.status == io_status::done)
      full_reads_ = got.bytes.size() == max ? full_reads_ + 1 : 0;
    return got;
  }

  /// After a read() whose bytes were sent: takes a pipe where that pays, after
  /// two full reads in a row. Without one to be had, read() goes on.
  /// @param due Bytes that are still to come.
  void consider_splice(const stream& sink, uint64_t due) noexcept {
    if (full_reads_ >= 2 && due >= worth_min && !sink.has_unsent())
      take_pipe();
  }

  /// Whether splice() is the next step, and read() is not.
  bool splices() const noexcept { return pipe_.read >= 0; }

  /// Moves what is in the pipe, or else at most `due` bytes through it. Returns
  /// the pipe when what follows is cheaper to copy.
  spliced splice(stream& source, stream& sink, uint64_t due);

  /// Bytes that have left the source and wait for the sink.
  size_t pending() const noexcept { return pending_; }

  /// Gives up the pipe, and what is in it.
  void stop() noexcept;

  /// Begins anew, for other streams.
  void reset() noexcept {
    stop();
    full_reads_ = 0;
  }

private:
  size_t read_max(const stream& sink) const noexcept {
    if (loop_.buffers().pressure() != buffer_pool::level::normal)
      return read_tight;
    return sink.took_all() ? read_large : read_small;
  }
  void take_pipe() noexcept;

  loop& loop_;
  pipe_ends pipe_;
  size_t pending_ = 0;
  unsigned full_reads_ = 0; ///< in a row
};

} // namespace troupe::net
