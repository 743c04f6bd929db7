// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace troupe::net {

/// Something with a deadline on a loop, and that may ask for another turn.
class loop_client {
public:
  virtual void on_timer() = 0;
  /// Its turn on the ready list has come.
  virtual void on_ready() = 0;

protected:
  ~loop_client() = default;
};

struct client_token {
  uint32_t slot = 0;
  uint32_t generation = 0;
};

/// A token as one number, for what another thread holds of it.
constexpr uint64_t to_number(client_token token) noexcept {
  return uint64_t{token.generation} << 32 | token.slot;
}

constexpr client_token to_token(uint64_t number) noexcept {
  return {static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32)};
}

/// A hashed timer wheel (Varghese and Lauck, scheme 6) with lazy re-arming: one
/// deadline a client; moving it later is a store, and the wheel finds out when
/// it comes by. Precision: one tick, never early.
class timer_wheel {
public:
  static constexpr milliseconds tick{16};
  static constexpr uint32_t slot_count = 1024;

  explicit timer_wheel(time_point start);

  client_token add(loop_client& client);
  void remove(client_token token) noexcept;

  /// @returns nullptr when the token is stale.
  loop_client* find(client_token token) const noexcept;

  void arm(client_token token, time_point deadline) noexcept;

  /// Milliseconds until advance() has something to look at; -1 if never.
  int timeout_ms(time_point now) const noexcept;

  /// Calls on_timer() for every deadline that has passed, once.
  void advance(time_point now);

private:
  using tick_count = uint64_t;
  static constexpr tick_count never = std::numeric_limits<tick_count>::max();
  static constexpr uint32_t none = std::numeric_limits<uint32_t>::max();

  struct entry {
    loop_client* client = nullptr;
    tick_count due = never;       ///< what the client asked for
    tick_count scheduled = never; ///< the tick it is linked under
    uint32_t generation = 0;
    uint32_t next = none;
    uint32_t previous = none;
  };

  tick_count ticks(time_point t) const noexcept;
  void link(uint32_t index, tick_count when) noexcept;
  void unlink(uint32_t index) noexcept;
  void visit(uint32_t slot);

  time_point start_;
  tick_count current_ = 0; ///< all ticks up to this one have been visited
  std::vector<entry> entries_;
  std::vector<uint32_t> free_;
  std::array<uint32_t, slot_count> heads_;
  std::array<uint64_t, slot_count / 64> occupied_{};
  std::vector<client_token> fired_; ///< reused by visit()
};

} // namespace troupe::net
