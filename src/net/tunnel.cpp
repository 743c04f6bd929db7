// SPDX-License-Identifier: BSD-3-Clause
#include "net/tunnel.hpp"

namespace troupe::net {

namespace {

/// A splice shorter than this was not worth the pipe.
constexpr size_t splice_short = 16'384;

/// A hang-up alone may mean that both sides have finished.
bool was_reset(const stream& s) noexcept {
  return s.is_open() && s.hung_up()
      && (s.error() != 0 || s.pending_error() != 0);
}

} // namespace

bool tunnel::pump(turn_budget& budget) {
  // What a server said before it reset is delivered: its side goes first.
  bool moved = down_.pump(budget, up_.finished);
  moved |= up_.pump(budget, down_.finished);
  if (!moved && status() == status::running)
    moved = notice_reset();
  if (up_.failed)
    client_failed_ = up_.failed_reading;
  else if (down_.failed)
    client_failed_ = !down_.failed_reading;
  return moved;
}

bool tunnel::notice_reset() noexcept {
  if (was_reset(up_.from)) // nobody is left for what the server has to say
    return up_.fail(true);
  if (down_.ended && was_reset(down_.from))
    return down_.fail(true);
  return false;
}

bool tunnel::peers_take() noexcept {
  return (up_.is_blocked() && up_.to.peer_takes())
      || (down_.is_blocked() && down_.to.peer_takes());
}

enum tunnel::status tunnel::status() const noexcept {
  if (up_.failed || down_.failed)
    return status::failed;
  return up_.finished && down_.finished ? status::finished : status::running;
}

bool tunnel::direction::pump(turn_budget& budget, bool last) {
  if (finished || failed)
    return false;
  const auto before = to.bytes_sent();
  switch (to.flush()) {
  case io_status::failed:
    return fail(false);
  case io_status::would_block:
    return to.bytes_sent() > before;
  default:
    break;
  }
  if (pipe.pending() > 0)
    return splice(budget);
  if (ended) {
    pipe.stop();
    if (!last) // else both sockets are closed next, which says the same
      to.finish_sending();
    finished = true;
    return true;
  }
  return pipe.active() ? splice(budget) : copy(budget);
}

bool tunnel::direction::copy(turn_budget& budget) {
  const bool tight = buffers.pressure() != buffer_pool::level::normal;
  const auto max = tight ? read_tight : to.took_all() ? read_large : read_small;
  const auto got = from.receive(max);
  switch (got.status) {
  case io_status::would_block:
    return false;
  case io_status::end:
    ended = true;
    return true;
  case io_status::failed:
    return fail(true);
  case io_status::done:
    break;
  }
  bytes += got.bytes.size();
  budget.spend(got.bytes.size());
  if (to.send(got.bytes) == io_status::failed)
    return fail(false);
  full_reads = got.bytes.size() == max ? full_reads + 1 : 0;
  if (full_reads >= 2 && !to.has_unsent())
    pipe.start();
  return true;
}

bool tunnel::direction::splice(turn_budget& budget) {
  size_t moved = 0;
  if (pipe.pending() == 0) {
    switch (pipe.fill(from, pipe_cache::pipe_bytes, moved)) {
    case io_status::would_block:
      return false;
    case io_status::end:
      ended = true;
      return true;
    case io_status::failed:
      return fail(true);
    case io_status::done:
      break;
    }
    bytes += moved;
    full_reads = moved < splice_short ? 0 : full_reads;
  }
  switch (pipe.drain(to, moved)) {
  case io_status::failed:
    return fail(false);
  case io_status::would_block:
    return false;
  default:
    break;
  }
  budget.spend(moved);
  if (pipe.pending() == 0 && full_reads == 0)
    pipe.stop();
  return true;
}

bool tunnel::direction::fail(bool reading) noexcept {
  failed = true;
  failed_reading = reading;
  return true;
}

} // namespace troupe::net
