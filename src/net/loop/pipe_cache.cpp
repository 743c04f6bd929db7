// SPDX-License-Identifier: BSD-3-Clause
#include "net/loop/pipe_cache.hpp"

#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace troupe::net {

namespace {

void close_both(pipe_ends pipe) noexcept {
  ::close(pipe.read);
  ::close(pipe.write);
}

} // namespace

pipe_cache::~pipe_cache() {
  for (const auto pipe : free_)
    close_both(pipe);
}

std::optional<pipe_ends> pipe_cache::take() noexcept {
  if (!free_.empty()) {
    const auto pipe = free_.back();
    free_.pop_back();
    return pipe;
  }
  if (open_ >= pipes_max_)
    return {};
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return {};
  // A refusal (pipe-user-pages-soft) leaves the default of 64 KiB: fine.
  ::fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes);
  ++open_;
  return pipe_ends{ends[0], ends[1]};
}

void pipe_cache::give_back(pipe_ends pipe, bool empty) noexcept {
  if (empty) {
    try {
      free_.push_back(pipe);
      return;
    } catch (...) { // no memory to remember it
    }
  }
  close_both(pipe);
  --open_;
}

} // namespace troupe::net
