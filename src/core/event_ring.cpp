// SPDX-License-Identifier: BSD-3-Clause
#include "core/event_ring.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe {

namespace {

constexpr std::array<std::string_view, 7> kinds{
  "daemon", "server", "operation", "config", "cluster", "verdict", "actor"};

constexpr std::array<std::string_view, 3> levels{"info", "warn", "error"};

} // namespace

std::string_view to_string(event_kind x) noexcept {
  return kinds[static_cast<size_t>(x)];
}

std::string_view to_string(event_level x) noexcept {
  return levels[static_cast<size_t>(x)];
}

std::optional<event_kind> event_kind_of(std::string_view name) noexcept {
  const auto* found = std::find(kinds.begin(), kinds.end(), name);
  if (found == kinds.end())
    return std::nullopt;
  return static_cast<event_kind>(found - kinds.begin());
}

event_ring::event_ring(int64_t started_ms)
  : first_id_(static_cast<uint64_t>(started_ms) * 1'000 + 1),
    last_(first_id_ - 1) {}

void event_ring::add(event x) {
  {
    const std::lock_guard guard{mutex_};
    x.id = ++last_;
    events_.push_back(std::move(x));
    if (events_.size() > events_max)
      events_.pop_front();
  }
  const std::lock_guard guard{watchers_mutex_};
  for (const auto& [number, news] : watchers_)
    news();
}

uint64_t event_ring::last() const {
  const std::lock_guard guard{mutex_};
  return last_;
}

event_ring::slice event_ring::after(uint64_t id, size_t max,
                                    std::optional<event_kind> kind) const {
  const std::lock_guard guard{mutex_};
  slice result;
  result.last = last_;
  const bool unknown = id < first_id_ - 1 || id > last_;
  const auto begin =
    unknown
      ? events_.begin()
      : std::upper_bound(events_.begin(), events_.end(), id,
                         [](uint64_t x, const event& y) { return x < y.id; });
  result.lost = begin == events_.begin() && !events_.empty()
             && events_.front().id != (unknown ? first_id_ : id + 1);
  for (auto i = begin; i != events_.end(); ++i) {
    if (kind && i->kind != *kind)
      continue;
    if (result.events.size() == max) {
      result.last = result.events.back().id;
      break;
    }
    result.events.push_back(*i);
  }
  return result;
}

event_ring::slice event_ring::newest(size_t max,
                                     std::optional<event_kind> kind) const {
  const std::lock_guard guard{mutex_};
  slice result;
  result.last = last_;
  for (auto i = events_.rbegin();
       i != events_.rend() && result.events.size() < max; ++i)
    if (!kind || i->kind == *kind)
      result.events.push_back(*i);
  std::reverse(result.events.begin(), result.events.end());
  return result;
}

std::shared_ptr<void> event_ring::watch(std::function<void()> news) {
  const std::lock_guard guard{watchers_mutex_};
  const auto number = ++watchers_made_;
  watchers_[number] = std::move(news);
  return {nullptr, [this, number](void*) {
            const std::lock_guard inner{watchers_mutex_};
            watchers_.erase(number);
          }};
}

} // namespace troupe
