// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// The border between what the test server says (sessions) and how bytes move
/// (connections). A session owns no socket and never blocks.
namespace test_server {

/// What a session may do to its connection.
class wire {
public:
  virtual ~wire() = default;
  /// Where to append what is to be sent.
  virtual std::string& output() = 0;
  /// Sends a FIN behind the output. Bytes of the peer are still consumed; the
  /// connection closes once the peer has sent its FIN too.
  virtual void finish() = 0;
  /// Ends with a RST; output given so far is written first.
  virtual void abort() = 0;
  /// Calls on_timer() once, later; a new call replaces the old one.
  virtual void wake_after(std::chrono::milliseconds delay) = 0;
  /// "127.0.0.1:1234"
  virtual std::string peer() const = 0;
};

/// One conversation. Calls come from the connection's thread, never nested.
class session {
public:
  virtual ~session() = default;
  /// The connection is there and may be written to.
  virtual void on_open(wire&) {}
  /// Takes what it can use of `bytes`, and may take none while it is busy; the
  /// rest is offered again after the next event.
  /// @returns bytes taken.
  virtual size_t consume(std::string_view bytes, wire&) = 0;
  /// The peer sent its FIN and everything before it was consumed.
  virtual void on_eof(wire& out) { out.finish(); }
  /// The output was written: give more of a long reply.
  /// @returns false if there is nothing more for now.
  virtual bool produce(wire&) { return false; }
  virtual void on_timer(wire&) {}
};

} // namespace test_server
