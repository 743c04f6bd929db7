// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "net/cluster/basp_guard.hpp"
#include "net/cluster/peer_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe::net::cluster {

/// The reason why a pump ended.
enum class pump_end : uint8_t {
  closed,  ///< by the peer, or the network
  ended,   ///< the peer's actor is gone
  refused, ///< the peer sent what the guard does not let pass
  stalled, ///< the peer does not read
  broken,  ///< CAF closed its end, or wrote nonsense
};

/// Moves bytes between a peer and CAF, through the guard, a little at a time:
/// while one side does not take what it was given, the other is not read.
class guarded_pump : public std::enable_shared_from_this<guarded_pump> {
public:
  struct callbacks {
    /// Once, unless close() came first.
    std::function<void(pump_end, std::string reason)> ended;
    /// That many peer_messages have left since the start.
    std::function<void(uint64_t messages)> sent;
  };

  /// @param to_caf Its other end is CAF's.
  /// @param stall_timeout Bytes for the peer wait, and none could be written.
  guarded_pump(std::unique_ptr<peer_stream> stream,
               boost::asio::local::stream_protocol::socket to_caf,
               const basp_ends& ends, milliseconds stall_timeout,
               callbacks calls);

  /// @param early Bytes that have been read from the peer already.
  void start(std::string early);

  /// CAF has delivered that many peer_messages of this one since the start.
  /// Reading stops while it lags behind, so that it never holds much.
  void delivered(uint64_t messages);

  /// Tells the peer that nothing follows, and continues to read.
  void finish() noexcept;

  /// Ends everything at once; no callback is called any more.
  void close() noexcept;

  uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  uint64_t bytes_received() const noexcept { return bytes_received_; }

private:
  using error_code = boost::system::error_code;

  void read_peer();
  void take_from_peer(std::string_view bytes);
  void write_caf();
  void read_caf();
  void write_peer();
  void watch_progress();
  void check_progress(time_point due);
  void end_when_delivered(pump_end how, std::string reason);
  void end(pump_end how, std::string reason);

  static constexpr size_t chunk_bytes = 16U << 10;
  static constexpr uint64_t undelivered_bytes_max = 4U << 20;
  static constexpr uint64_t undelivered_messages_max = 1'000;
  static constexpr milliseconds delivery_timeout{500};

  std::unique_ptr<peer_stream> stream_;
  boost::asio::local::stream_protocol::socket caf_;
  boost::asio::steady_timer stall_timer_;
  boost::asio::steady_timer delivery_timer_;
  basp_ends ends_;
  basp_inlet inlet_{ends_};
  basp_outlet outlet_{ends_};
  const milliseconds stall_timeout_;
  callbacks calls_;
  std::array<char, chunk_bytes> from_peer_{};
  std::array<char, chunk_bytes> from_caf_{};
  std::string to_caf_; // checked, not yet written
  size_t to_caf_done_ = 0;
  std::string to_peer_;
  size_t to_peer_done_ = 0;
  time_point progress_{}; // last byte written to the peer
  bool watching_ = false;
  bool reading_paused_ = false;
  bool closed_ = false;
  uint64_t delivered_ = 0;
  uint64_t delivered_bytes_mark_ = 0; // inlet's bytes when all was delivered
  pump_end pending_end_ = pump_end::closed;
  std::string pending_reason_; // not empty: ends when all is delivered
  uint64_t bytes_sent_ = 0;
  uint64_t bytes_received_ = 0;
};

} // namespace troupe::net::cluster
