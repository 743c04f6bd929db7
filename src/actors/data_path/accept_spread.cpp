// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/accept_spread.hpp"

#include <caf/send.hpp>

#include <unistd.h>
#include <utility>

namespace troupe::actors {

reserved_place::reserved_place(accept_spread& spread, unsigned worker) noexcept
  : spread_(spread), worker_(worker) {
  spread_.places_[worker_].reserved.fetch_add(1, std::memory_order_relaxed);
}

reserved_place::~reserved_place() {
  spread_.places_[worker_].reserved.fetch_sub(1, std::memory_order_release);
}

void accept_spread::join(unsigned worker, listener_actor listener) {
  auto& place = places_[worker];
  const std::lock_guard lock{place.mutex};
  place.listener = std::move(listener);
}

bool accept_spread::leave(unsigned worker) noexcept {
  auto& place = places_[worker];
  const std::lock_guard lock{place.mutex};
  place.listener = nullptr;
  return place.coming.load(std::memory_order_acquire) == 0;
}

unsigned
accept_spread::best_for(unsigned worker,
                        const frontend_clients& clients) const noexcept {
  const auto count = static_cast<unsigned>(places_.size());
  const auto mine = load(worker, clients);
  auto best = worker;
  auto least = mine;
  for (unsigned i = 1; i < count && least > 0; ++i) {
    const auto other = (worker + i) % count;
    if (const auto x = load(other, clients); x < least) {
      best = other;
      least = x;
    }
  }
  return mine > least + least / 16 ? best : worker;
}

reserved_place accept_spread::reserve(unsigned worker,
                                      const frontend_clients& clients) {
  const std::lock_guard lock{choosing_};
  return {*this, best_for(worker, clients)};
}

bool accept_spread::hand_over(unsigned to, int descriptor,
                              const endpoint& peer) {
  auto& place = places_[to];
  const std::lock_guard lock{place.mutex};
  if (!place.listener)
    return false;
  caf::anon_send(place.listener,
                 adopt_connection{std::make_shared<handed_connection>(
                   shared_from_this(), to, descriptor, peer)});
  return true;
}

handed_connection::handed_connection(std::shared_ptr<accept_spread> spread,
                                     unsigned to, int descriptor,
                                     const endpoint& peer)
  : spread_(std::move(spread)), to_(to), descriptor_(descriptor), peer_(peer) {
  spread_->places_[to_].coming.fetch_add(1, std::memory_order_relaxed);
}

handed_connection::~handed_connection() {
  if (const int lost = take(); lost >= 0)
    ::close(lost);
}

int handed_connection::take() noexcept {
  if (descriptor_ >= 0)
    spread_->places_[to_].coming.fetch_sub(1, std::memory_order_release);
  return std::exchange(descriptor_, -1);
}

void accept_pace::count(time_point now) noexcept {
  if (now >= ends_) {
    // After a pause the window before was an empty one.
    constexpr milliseconds window{1'000};
    before_ = now < ends_ + window ? now_ : 0;
    now_ = 0;
    ends_ = now + window;
  }
  ++now_;
}

} // namespace troupe::actors
