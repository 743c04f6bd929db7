// SPDX-License-Identifier: BSD-3-Clause
#include "core/queue_board.hpp"

namespace troupe {

void queue_board::attach(unsigned worker, turn_source& loop,
                         uint64_t client) noexcept {
  auto& mine = places_[worker];
  mine.client.store(client, std::memory_order_relaxed);
  mine.loop.store(&loop, std::memory_order_release);
}

bool queue_board::enter(unsigned worker, uint32_t limit) noexcept {
  // The place first: who sees the sum must find where it comes from.
  places_[worker].waiting.fetch_add(1);
  auto waiting = waiting_.load(std::memory_order_relaxed);
  do {
    if (waiting >= limit) {
      places_[worker].waiting.fetch_sub(1);
      return false;
    }
  } while (!waiting_.compare_exchange_weak(waiting, waiting + 1));
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return true;
}

void queue_board::leave(unsigned worker) noexcept {
  waiting_.fetch_sub(1);
  places_[worker].waiting.fetch_sub(1);
}

void queue_board::freed() {
  if (waiting_.load() == 0)
    return;
  const auto count = static_cast<uint32_t>(places_.size());
  const auto first = next_.fetch_add(1, std::memory_order_relaxed);
  for (uint32_t n = 0; n < count; ++n) {
    auto& place = places_[(first + n) % count];
    auto* loop = place.loop.load(std::memory_order_acquire);
    // Those already woken have a place of their own to look for.
    if (loop == nullptr || place.waiting.load() <= place.wakes.load())
      continue;
    if (place.wakes.fetch_add(1) == 0)
      loop->request_turn(place.client.load(std::memory_order_relaxed));
    return;
  }
}

uint32_t queue_board::take_wakes(unsigned worker) noexcept {
  return places_[worker].wakes.exchange(0);
}

} // namespace troupe
