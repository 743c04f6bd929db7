// SPDX-License-Identifier: BSD-3-Clause
#include "world.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace sim {

bool world::later(const event& a, const event& b) noexcept {
  return a.when != b.when ? a.when > b.when : a.order > b.order;
}

void world::after(duration delay, action what) {
  at(now_ + delay, std::move(what));
}

void world::at(time_point when, action what) {
  events_.push_back({std::max(when, now_), order_++, std::move(what)});
  std::push_heap(events_.begin(), events_.end(), later);
}

void world::run_until(time_point when) {
  while (!events_.empty() && events_.front().when <= when) {
    std::pop_heap(events_.begin(), events_.end(), later);
    const auto next = std::move(events_.back());
    events_.pop_back();
    now_ = next.when;
    next.what();
  }
  now_ = when;
}

duration world::any(duration low, duration high) {
  using std::chrono::duration_cast;
  return microseconds{
    chance.between(duration_cast<microseconds>(low).count(),
                   duration_cast<microseconds>(high).count())};
}

void world::trace(const std::string& who, const std::string& what) const {
  if (!traced_)
    return;
  const auto us = std::chrono::duration_cast<microseconds>(elapsed()).count();
  std::printf("%11.6f %-8s %s\n", static_cast<double>(us) / 1e6, who.c_str(),
              what.c_str());
}

} // namespace sim
