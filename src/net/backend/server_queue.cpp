// SPDX-License-Identifier: BSD-3-Clause
#include "net/backend/server_queue.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace troupe::net {

server_queue::server_queue(loop& l, unsigned worker)
  : loop_(l), worker_(worker), token_(l.timers().add(*this)) {}

server_queue::~server_queue() { loop_.timers().remove(token_); }

void server_queue::adopt(const std::shared_ptr<backend_live>& live) {
  if (live != live_) {
    for (size_t n = 0; n < waiters_.size(); ++n) {
      live_->queue.leave(worker_);
      live->queue.enter(worker_, std::numeric_limits<uint32_t>::max());
    }
    live_ = live;
    live_->queue.attach(worker_, loop_, to_number(token_));
  }
  wake_all();
}

bool server_queue::enter(queue_waiter& waiter, uint32_t limit) {
  if (!live_->queue.enter(worker_, limit))
    return false;
  const bool first = waiters_.empty();
  waiters_.push_back(waiter);
  waiter.woken = false;
  if (first)
    wake(waiter);
  return true;
}

void server_queue::leave(queue_waiter& waiter) noexcept {
  if (!waiter.is_linked())
    return;
  waiters_.erase(waiters_.iterator_to(waiter));
  live_->queue.leave(worker_);
  if (std::exchange(waiter.woken, false))
    freed(); // whatever woke it is still there for another one
}

bool server_queue::wake_next() {
  const auto next = std::find_if(waiters_.begin(), waiters_.end(),
                                 [](const auto& x) { return !x.woken; });
  if (next == waiters_.end())
    return false;
  wake(*next);
  return true;
}

void server_queue::wake_all() {
  for (auto& waiter : waiters_)
    if (!waiter.woken)
      wake(waiter);
}

void server_queue::wake(queue_waiter& waiter) {
  waiter.woken = true;
  loop_.make_ready(waiter.client);
}

void server_queue::on_ready() {
  for (auto wakes = live_->queue.take_wakes(worker_); wakes > 0; --wakes)
    if (!wake_next())
      freed(); // who was meant has left: another worker's turn
}

} // namespace troupe::net
