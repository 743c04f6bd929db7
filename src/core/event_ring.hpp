// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The changes on a node: the newest events, for people who ask why.
namespace troupe {

enum class event_kind : uint8_t {
  daemon,    ///< start, stop, log level
  server,    ///< a server's health, ejection, veto, name; a backend's pool
  operation, ///< drain, ready, maint, a weight, a connection closed
  config,    ///< reloads and generations
  cluster,   ///< nodes that come and go, the majority, the register
  verdict,   ///< what the nodes agree on about a server
  actor      ///< an actor died and was restarted
};

std::string_view to_string(event_kind x) noexcept;
std::optional<event_kind> event_kind_of(std::string_view name) noexcept;

enum class event_level : uint8_t { info, warn, error };

std::string_view to_string(event_level x) noexcept;

struct event {
  /// Grows, also over restarts: begins with the time of the start.
  uint64_t id = 0;
  int64_t time_ms = 0; ///< since the epoch, wall clock
  event_kind kind = event_kind::daemon;
  event_level level = event_level::info;
  std::string subject; ///< "app/a1", "lb2", "generation 4"; may be empty
  std::string text;    ///< a sentence that names the subject
};

/// The newest events. Any thread.
class event_ring {
public:
  static constexpr size_t events_max = 1'000;

  /// @param started_ms Since the epoch; ids begin there, times a thousand.
  explicit event_ring(int64_t started_ms);

  /// Gives it the next id, and tells the watchers.
  void add(event x);

  /// The id of the newest event, or what comes before the first one.
  uint64_t last() const;

  struct slice {
    std::vector<event> events; ///< oldest first
    uint64_t last = 0;         ///< id of the newest that was looked at
    bool lost = false;         ///< older ones were dropped already
  };

  /// The oldest events after `id`, at most `max` (> 0) of them. An id that was
  /// never given is of another start, whose events are gone: all are after it.
  slice after(uint64_t id, size_t max,
              std::optional<event_kind> kind = std::nullopt) const;

  /// The newest `max` events.
  slice newest(size_t max, std::optional<event_kind> kind = std::nullopt) const;

  /// `news` is called after every event, on the thread that added it, until
  /// what this returns is gone. It must neither block nor add an event.
  std::shared_ptr<void> watch(std::function<void()> news);

private:
  const uint64_t first_id_;
  mutable std::mutex mutex_;
  std::deque<event> events_;
  uint64_t last_;
  std::mutex watchers_mutex_; ///< held while they are called
  std::map<uint64_t, std::function<void()>> watchers_;
  uint64_t watchers_made_ = 0;
};

} // namespace troupe
