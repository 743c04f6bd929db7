// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/transport/pump.hpp"

#include <cstdint>

namespace troupe::net {

/// Two streams tied together: every byte and each side's end go across. For
/// TCP frontends and for HTTP after 101.
class tunnel {
public:
  enum class status : uint8_t {
    running,
    /// Both sides have ended and all bytes are across. Close both streams:
    /// for the last of the two ends, that is its word.
    finished,
    failed, ///< one side was reset: the other must be, too
  };

  tunnel(loop& l, stream& client, stream& server) noexcept
    : up_(l, client, server), down_(l, server, client) {}

  /// Moves what can be moved now. @returns whether anything did.
  bool run(turn_budget& budget);

  /// Whether a side that does not take all it is sent takes some.
  bool peers_take() noexcept;

  tunnel::status status() const noexcept;
  uint64_t bytes_up() const noexcept { return up_.bytes; }
  uint64_t bytes_down() const noexcept { return down_.bytes; }
  /// Which side failed, once status() is failed.
  bool client_failed() const noexcept { return client_failed_; }

private:
  /// A side from which all has been read, or whose bytes have no room yet,
  /// tells of its reset by the event alone.
  bool notice_reset() noexcept;

  /// One of the two ways.
  struct direction {
    direction(loop& l, stream& f, stream& t) noexcept
      : from(f), to(t), flow(l) {}
    /// @param last The other direction has finished.
    bool run(turn_budget& budget, bool last);
    bool copy(turn_budget& budget);
    bool splice(turn_budget& budget);
    bool fail(bool reading) noexcept;
    bool is_blocked() const noexcept {
      return to.has_unsent() || flow.pending() > 0;
    }

    stream& from;
    stream& to;
    pump flow;
    uint64_t bytes = 0;
    bool ended = false;    ///< `from` has finished sending
    bool finished = false; ///< and `to` has been told
    bool failed = false;
    bool failed_reading = false;
  };

  direction up_;
  direction down_;
  bool client_failed_ = false;
};

} // namespace troupe::net
