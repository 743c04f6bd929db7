// SPDX-License-Identifier: BSD-3-Clause
#include "net/spliced.hpp"

#include <algorithm>

namespace troupe::net {

bool spliced::start() noexcept {
  if (!active())
    if (const auto pipe = loop_.pipes().take())
      pipe_ = *pipe;
  return active();
}

void spliced::stop() noexcept {
  if (!active())
    return;
  loop_.pipes().give_back(pipe_, pending_ == 0);
  pipe_ = {};
  pending_ = 0;
}

io_status spliced::fill(stream& from, size_t max, size_t& moved) noexcept {
  const auto limit = std::min<size_t>(max, pipe_cache::pipe_bytes);
  const auto status = from.splice_in(pipe_.write, limit, moved);
  pending_ += moved;
  return status;
}

io_status spliced::drain(stream& to, size_t& moved) noexcept {
  const auto status = to.splice_out(pipe_.read, pending_, moved);
  pending_ -= moved;
  return status;
}

} // namespace troupe::net
