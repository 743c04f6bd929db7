// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "core/endpoint.hpp"
#include "core/live.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

/// The kernel deals new connections out to the sockets of a group by chance:
/// of 50 that stay, the fullest of 8 workers got twice its share. An accepted
/// one may go to another worker before a byte of it was read (rule 33).
namespace troupe::actors {

class accept_spread;

/// A connection counted at a worker until it counts there by itself.
class reserved_place {
public:
  reserved_place(accept_spread& spread, unsigned worker) noexcept;
  ~reserved_place();
  reserved_place(const reserved_place&) = delete;
  reserved_place& operator=(const reserved_place&) = delete;

  unsigned worker() const noexcept { return worker_; }

private:
  accept_spread& spread_;
  const unsigned worker_;
};

/// Decides which of a frontend's listeners, one per worker, takes the next
/// connection. Shared by them; any thread.
class accept_spread : public std::enable_shared_from_this<accept_spread> {
public:
  explicit accept_spread(unsigned workers) : places_(workers) {}

  /// From now on this listener takes what others hand over.
  void join(unsigned worker, listener_actor listener);

  /// It no longer takes any.
  /// @returns false while some are on their way to it.
  bool leave(unsigned worker) noexcept;

  /// @returns The worker that should have one more connection: another one only
  /// where it has fewer, by a sixteenth if they have many.
  unsigned best_for(unsigned worker,
                    const frontend_clients& clients) const noexcept;

  /// Chooses by best_for() and counts the connection there in one step: of two
  /// listeners that accept in one moment the second sees what the first chose.
  reserved_place reserve(unsigned worker, const frontend_clients& clients);

  /// Sends an accepted connection to another worker's listener.
  /// @returns false when that takes none.
  bool hand_over(unsigned to, int descriptor, const endpoint& peer);

private:
  friend class reserved_place;
  friend class handed_connection;

  struct alignas(64) place {
    std::atomic<uint32_t> reserved{0};
    std::atomic<uint32_t> coming{0}; ///< sent; the listener waits for these
    std::mutex mutex; ///< between who hands over and a listener that leaves
    listener_actor listener;
  };

  uint64_t load(unsigned worker,
                const frontend_clients& clients) const noexcept {
    // First what becomes an open one: counted twice at worst, never not at all.
    const auto reserved =
      places_[worker].reserved.load(std::memory_order_acquire);
    const auto coming = places_[worker].coming.load(std::memory_order_acquire);
    return reserved + coming + clients.by_worker[worker].connections_open.get();
  }

  std::mutex choosing_;
  std::vector<place> places_;
};

/// An accepted connection on its way, counted there: closed if its message gets
/// lost.
class handed_connection {
public:
  handed_connection(std::shared_ptr<accept_spread> spread, unsigned to,
                    int descriptor, const endpoint& peer);
  ~handed_connection();
  handed_connection(const handed_connection&) = delete;
  handed_connection& operator=(const handed_connection&) = delete;

  /// It has arrived: the taker owns the descriptor.
  int take() noexcept;
  const endpoint& peer() const noexcept { return peer_; }

private:
  const std::shared_ptr<accept_spread> spread_;
  const unsigned to_;
  int descriptor_;
  const endpoint peer_;
};

/// How fast a listener's connections come, against how many stay.
class accept_pace {
public:
  void count(time_point now) noexcept;

  /// Whether a connection lives for less than a second, more or less: chance
  /// evens such out, and to move one costs more than it brings.
  bool lives_are_brief(uint64_t open) const noexcept {
    return std::max(now_, before_) > 2 * (open + 8);
  }

private:
  time_point ends_{};
  uint64_t now_ = 0;
  uint64_t before_ = 0;
};

} // namespace troupe::actors
