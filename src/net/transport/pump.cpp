// SPDX-License-Identifier: BSD-3-Clause
#include "net/transport/pump.hpp"

#include <algorithm>

namespace troupe::net {

namespace {

/// A splice shorter than this was not worth the pipe.
constexpr size_t splice_short = 16'384;

pump::result source_result(io_status x) noexcept {
  switch (x) {
  case io_status::would_block:
    return pump::result::source_empty;
  case io_status::end:
    return pump::result::source_ended;
  case io_status::failed:
    return pump::result::source_failed;
  case io_status::done:
    break;
  }
  return pump::result::moved;
}

} // namespace

void pump::take_pipe() noexcept {
  if (!splices())
    if (const auto pipe = loop_.pipes().take())
      pipe_ = *pipe;
}

void pump::stop() noexcept {
  if (!splices())
    return;
  // One with bytes in it is not used again.
  loop_.pipes().give_back(pipe_, pending_ == 0);
  pipe_ = {};
  pending_ = 0;
}

pump::spliced pump::splice(stream& source, stream& sink, uint64_t due) {
  spliced out{result::moved};
  if (pending_ == 0) {
    const auto max = std::min<uint64_t>(due, pipe_cache::pipe_bytes);
    const auto status = source.splice_in(pipe_.write, max, out.taken);
    if (status != io_status::done) {
      out.result = source_result(status);
      return out;
    }
    pending_ = out.taken;
    due -= out.taken;
    full_reads_ = out.taken < splice_short ? 0 : full_reads_;
  }
  switch (sink.splice_out(pipe_.read, pending_, out.given)) {
  case io_status::failed:
    out.result = result::sink_failed;
    return out;
  case io_status::would_block:
    out.result = result::sink_full;
    return out;
  default:
    break;
  }
  pending_ -= out.given;
  if (pending_ == 0 && (full_reads_ == 0 || due < worth_min))
    stop();
  return out;
}

} // namespace troupe::net
