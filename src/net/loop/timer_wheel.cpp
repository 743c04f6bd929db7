// SPDX-License-Identifier: BSD-3-Clause
#include "net/loop/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace troupe::net {

timer_wheel::timer_wheel(time_point start) : start_(start) {
  heads_.fill(none);
}

client_token timer_wheel::add(loop_client& client) {
  if (free_.empty()) {
    entries_.emplace_back();
    free_.push_back(static_cast<uint32_t>(entries_.size() - 1));
  }
  const auto index = free_.back();
  free_.pop_back();
  entries_[index].client = &client;
  return {index, entries_[index].generation};
}

void timer_wheel::remove(client_token token) noexcept {
  auto& entry = entries_[token.slot];
  if (entry.generation != token.generation || entry.client == nullptr)
    return;
  unlink(token.slot);
  entry.client = nullptr;
  entry.due = never;
  ++entry.generation;
  free_.push_back(token.slot);
}

loop_client* timer_wheel::find(client_token token) const noexcept {
  const auto& entry = entries_[token.slot];
  return entry.generation == token.generation ? entry.client : nullptr;
}

void timer_wheel::arm(client_token token, time_point deadline) noexcept {
  auto& entry = entries_[token.slot];
  if (entry.generation != token.generation)
    return;
  entry.due = std::max(ticks(deadline) + 1, current_ + 1);
  if (entry.scheduled == never || entry.due < entry.scheduled) {
    unlink(token.slot);
    link(token.slot, entry.due);
  }
}

int timer_wheel::timeout_ms(time_point now) const noexcept {
  const auto first = (current_ + 1) % slot_count;
  for (uint32_t step = 0; step <= slot_count;) {
    const auto slot = (first + step) % slot_count;
    const auto word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) {
      step += std::countr_zero(word);
      // Signed: what is overdue must not become a wait of centuries.
      const auto at = start_ + static_cast<int64_t>(current_ + 1 + step) * tick;
      const auto left = std::chrono::ceil<milliseconds>(at - now).count();
      return static_cast<int>(std::max<int64_t>(left, 0));
    }
    step += 64 - slot % 64;
  }
  return -1;
}

void timer_wheel::advance(time_point now) {
  const auto target = ticks(now);
  if (target <= current_)
    return;
  // After a long sleep one round sees every slot.
  const auto steps = std::min<tick_count>(target - current_, slot_count);
  const auto first = current_ + 1;
  current_ = target;
  for (tick_count n = 0; n < steps; ++n) {
    const auto slot = static_cast<uint32_t>((first + n) % slot_count);
    if (occupied_[slot / 64] >> (slot % 64) & 1)
      visit(slot);
  }
}

void timer_wheel::visit(uint32_t slot) {
  fired_.clear();
  for (auto index = heads_[slot]; index != none;) {
    auto& entry = entries_[index];
    const auto next = entry.next;
    if (entry.scheduled <= current_) {
      unlink(index);
      if (entry.due <= current_) {
        entry.due = never;
        fired_.push_back({index, entry.generation});
      } else if (entry.due != never) {
        link(index, entry.due);
      }
    }
    index = next;
  }
  // A handler may end other clients: their tokens are stale by then.
  for (size_t n = 0; n < fired_.size(); ++n)
    if (auto* client = find(fired_[n]))
      client->on_timer();
}

timer_wheel::tick_count timer_wheel::ticks(time_point t) const noexcept {
  return t <= start_ ? 0 : static_cast<tick_count>((t - start_) / tick);
}

void timer_wheel::link(uint32_t index, tick_count when) noexcept {
  auto& entry = entries_[index];
  const auto slot = static_cast<uint32_t>(when % slot_count);
  entry.scheduled = when;
  entry.previous = none;
  entry.next = heads_[slot];
  if (entry.next != none)
    entries_[entry.next].previous = index;
  heads_[slot] = index;
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
}

void timer_wheel::unlink(uint32_t index) noexcept {
  auto& entry = entries_[index];
  if (entry.scheduled == never)
    return;
  const auto slot = static_cast<uint32_t>(entry.scheduled % slot_count);
  if (entry.previous != none)
    entries_[entry.previous].next = entry.next;
  else
    heads_[slot] = entry.next;
  if (entry.next != none)
    entries_[entry.next].previous = entry.previous;
  if (heads_[slot] == none)
    occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  entry.scheduled = never;
  entry.next = entry.previous = none;
}

} // namespace troupe::net
