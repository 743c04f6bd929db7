// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/guarded_pump.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace troupe::net::cluster {

namespace asio = boost::asio;
using asio::ip::tcp;

guarded_pump::guarded_pump(std::unique_ptr<peer_stream> stream,
                           asio::local::stream_protocol::socket to_caf,
                           const basp_ends& ends, milliseconds stall_timeout,
                           callbacks calls)
  : stream_(std::move(stream)), caf_(std::move(to_caf)),
    stall_timer_(caf_.get_executor()), delivery_timer_(caf_.get_executor()),
    ends_(ends), stall_timeout_(stall_timeout), calls_(std::move(calls)) {
  // nop
}

void guarded_pump::start(std::string early) {
  read_caf();
  take_from_peer(early);
}

void guarded_pump::finish() noexcept {
  error_code ignored;
  stream_->socket().shutdown(tcp::socket::shutdown_send, ignored);
}

void guarded_pump::close() noexcept {
  closed_ = true;
  calls_ = {};
  stall_timer_.cancel();
  delivery_timer_.cancel();
  error_code ignored;
  caf_.close(ignored);
  stream_->close();
}

// -- peer to CAF --------------------------------------------------------------

void guarded_pump::read_peer() {
  stream_->read_some(asio::buffer(from_peer_),
                     [self = shared_from_this()](error_code error, size_t n) {
                       if (self->closed_)
                         return;
                       if (error)
                         return self->end_when_delivered(
                           pump_end::closed, self->stream_->explain(error));
                       self->bytes_received_ += n;
                       self->take_from_peer({self->from_peer_.data(), n});
                     });
}

void guarded_pump::take_from_peer(std::string_view bytes) {
  const auto verdict = inlet_.feed(bytes, to_caf_);
  if (verdict == basp_inlet::verdict::refused)
    return end(pump_end::refused, std::string{inlet_.reason()});
  if (verdict == basp_inlet::verdict::ended) {
    pending_end_ = pump_end::ended;
    pending_reason_ = "closed by the other side";
  }
  to_caf_done_ = 0;
  write_caf();
}

void guarded_pump::write_caf() {
  if (to_caf_done_ == to_caf_.size()) {
    to_caf_.clear();
    if (to_caf_.capacity() > 4 * chunk_bytes)
      to_caf_.shrink_to_fit();
    if (!pending_reason_.empty())
      return end_when_delivered(pending_end_, std::move(pending_reason_));
    const auto waiting = inlet_.messages() - delivered_;
    reading_paused_ = waiting >= undelivered_messages_max
                   || (waiting > 0
                       && inlet_.message_bytes() - delivered_bytes_mark_
                            >= undelivered_bytes_max);
    if (!reading_paused_)
      read_peer();
    return;
  }
  caf_.async_write_some(
    asio::buffer(to_caf_) + to_caf_done_,
    [self = shared_from_this()](error_code error, size_t n) {
      if (self->closed_)
        return;
      if (error)
        return self->end(pump_end::broken, error.message());
      self->to_caf_done_ += n;
      self->write_caf();
    });
}

void guarded_pump::delivered(uint64_t messages) {
  delivered_ = messages;
  if (delivered_ < inlet_.messages())
    return;
  delivered_bytes_mark_ = inlet_.message_bytes();
  if (closed_)
    return;
  if (!pending_reason_.empty() && to_caf_.empty())
    return end(pending_end_, std::move(pending_reason_));
  if (std::exchange(reading_paused_, false))
    read_peer();
}

/// The last messages of a peer may say why it leaves: they go first.
void guarded_pump::end_when_delivered(pump_end how, std::string reason) {
  if (delivered_ >= inlet_.messages())
    return end(how, std::move(reason));
  pending_end_ = how;
  pending_reason_ = std::move(reason);
  delivery_timer_.expires_after(delivery_timeout);
  delivery_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && !self->closed_)
      self->end(self->pending_end_, std::move(self->pending_reason_));
  });
}

// -- CAF to peer --------------------------------------------------------------

void guarded_pump::read_caf() {
  caf_.async_read_some(asio::buffer(from_caf_), [self = shared_from_this()](
                                                  error_code error, size_t n) {
    if (self->closed_)
      return;
    if (error)
      return self->end(pump_end::broken, "CAF closed the connection");
    if (!self->outlet_.feed({self->from_caf_.data(), n}, self->to_peer_))
      return self->end(pump_end::broken, "CAF wrote a malformed frame");
    self->to_peer_done_ = 0;
    self->progress_ = clock::now();
    self->write_peer();
  });
}

void guarded_pump::write_peer() {
  if (to_peer_done_ == to_peer_.size()) {
    to_peer_.clear();
    if (to_peer_.capacity() > 4 * chunk_bytes)
      to_peer_.shrink_to_fit();
    const auto self = shared_from_this(); // `sent` may close this
    calls_.sent(outlet_.messages());
    if (!closed_)
      read_caf();
    return;
  }
  watch_progress();
  stream_->write_some(asio::buffer(to_peer_) + to_peer_done_,
                      [self = shared_from_this()](error_code error, size_t n) {
                        if (self->closed_)
                          return;
                        if (error)
                          return self->end_when_delivered(
                            pump_end::closed, self->stream_->explain(error));
                        self->progress_ = clock::now();
                        self->bytes_sent_ += n;
                        self->to_peer_done_ += n;
                        self->write_peer();
                      });
}

/// One timer that runs on while bytes are written, not one for each write.
void guarded_pump::watch_progress() {
  if (std::exchange(watching_, true))
    return;
  const auto due = progress_ + stall_timeout_;
  stall_timer_.expires_at(due);
  stall_timer_.async_wait([self = shared_from_this(), due](error_code error) {
    if (!error && !self->closed_)
      self->check_progress(due);
  });
}

void guarded_pump::check_progress(time_point due) {
  watching_ = false;
  if (to_peer_.empty())
    return;
  const auto now = clock::now();
  // This process itself was away: the peer gets its time anew (rule 16).
  if (now - due > stall_timeout_ / 4)
    progress_ = now;
  if (now - progress_ >= stall_timeout_)
    return end(pump_end::stalled, "it does not read");
  watch_progress();
}

void guarded_pump::end(pump_end how, std::string reason) {
  const auto ended = std::move(calls_.ended);
  close();
  if (ended)
    ended(how, std::move(reason));
}

} // namespace troupe::net::cluster
