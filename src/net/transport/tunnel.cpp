// SPDX-License-Identifier: BSD-3-Clause
#include "net/transport/tunnel.hpp"

namespace troupe::net {

namespace {

/// A hang-up alone may mean that both sides have finished.
bool was_reset(const stream& s) noexcept {
  return s.is_open() && s.hung_up()
      && (s.error() != 0 || s.pending_error() != 0);
}

} // namespace

bool tunnel::run(turn_budget& budget) {
  // What a server said before it reset is delivered: its side goes first.
  bool moved = down_.run(budget, up_.finished);
  moved |= up_.run(budget, down_.finished);
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

bool tunnel::direction::run(turn_budget& budget, bool last) {
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
  if (flow.pending() > 0)
    return splice(budget);
  if (ended) {
    flow.stop();
    if (!last) // else both sockets are closed next, which says the same
      to.finish_sending();
    finished = true;
    return true;
  }
  return flow.splices() ? splice(budget) : copy(budget);
}

bool tunnel::direction::copy(turn_budget& budget) {
  const auto got = flow.read(from, to);
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
  flow.consider_splice(to, pump::endless);
  return true;
}

bool tunnel::direction::splice(turn_budget& budget) {
  const auto moved = flow.splice(from, to, pump::endless);
  bytes += moved.taken;
  switch (moved.result) {
  case pump::result::source_empty:
  case pump::result::sink_full:
    return false;
  case pump::result::source_ended:
    ended = true;
    return true;
  case pump::result::source_failed:
    return fail(true);
  case pump::result::sink_failed:
    return fail(false);
  case pump::result::moved:
    break;
  }
  budget.spend(moved.given);
  return true;
}

bool tunnel::direction::fail(bool reading) noexcept {
  failed = true;
  failed_reading = reading;
  return true;
}

} // namespace troupe::net
