// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "net/loop/loop.hpp"

#include <span>
#include <string_view>
#include <sys/uio.h>

namespace troupe::net {

class stream;

/// The owner that drives a stream: the connection, or the pool of idle ones.
class stream_owner {
public:
  /// Something about `s` changed: bytes, room, the end, or a failure. Try what
  /// you have to do; the stream knows what would block.
  virtual void on_stream(stream& s) = 0;

protected:
  ~stream_owner() = default;
};

enum class io_status : uint8_t {
  done,        ///< bytes moved
  would_block, ///< on_stream() will be called when it is worth trying again
  end,         ///< the peer has finished sending
  failed,      ///< see stream::error()
};

struct received {
  io_status status = io_status::would_block;
  std::string_view bytes; ///< in the loop's scratch buffer: use or copy at once
};

/// One non-blocking socket under the edge-triggered rules (rule 22), and the
/// narrow door behind which TLS or another engine can come later: receive a
/// span, send buffers, finish one side, close.
///
/// Bytes that the peer cannot take yet wait in the stream; its owner reads no
/// more from the other side while `has_unsent()` (rule 24).
class stream final : private io_sink {
public:
  stream(loop& l, stream_owner& owner) noexcept : loop_(l), owner_(&owner) {}
  ~stream() { close(); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Takes over an open, non-blocking descriptor.
  /// @param connected False: a connect is under way; see finish_connect().
  /// @throws std::system_error when the poller has no room (fd is closed).
  void open(int fd, bool connected, bool is_unix);

  /// Takes over what another stream has let go: open, connected, still
  /// registered.
  struct loose_end {
    int descriptor = -1;
    io_token io;
  };
  void adopt(loose_end x, bool is_unix) noexcept;

  /// Lets go of a connection with nothing unsent. The new owner asks the
  /// poller to be told of it, before the next event.
  loose_end let_go() noexcept;

  /// After on_stream() on a connecting stream.
  /// @returns done, would_block, or failed with error().
  io_status finish_connect() noexcept;

  void owner(stream_owner& o) noexcept { owner_ = &o; }
  const stream_owner& owner() const noexcept { return *owner_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  int error() const noexcept { return error_; }

  /// Reads once, at most `max` bytes, into the scratch buffer.
  received receive(size_t max);

  /// Sends all buffers: what does not fit now is copied and follows by itself
  /// as on_stream() leads to flush().
  /// @param more More follows at once: lets the kernel fill a segment.
  /// @returns done (some may wait: has_unsent()) or failed.
  io_status send(std::span<iovec> buffers, bool more = false);
  io_status send(std::string_view bytes, bool more = false) {
    iovec buffer{const_cast<char*>(bytes.data()), bytes.size()};
    return send({&buffer, 1}, more);
  }

  /// Continues with the bytes that wait. @returns done once nothing does.
  io_status flush() { return unsent_.empty() ? io_status::done : send_rest(); }

  bool has_unsent() const noexcept { return !unsent_.empty(); }
  /// Whether the last send() was taken whole at once.
  bool took_all() const noexcept { return took_all_; }

  /// Whether the peer has taken some of what the kernel holds for it since the
  /// last call, the first time: since open(). A blocked socket has room again
  /// only when a third of its buffer is free, which a slow reader may need more
  /// than a timeout for. @returns false also where the kernel cannot tell.
  bool peer_takes() noexcept;

  /// splice(2), at most `max` bytes. @returns bytes moved in `moved`.
  io_status splice_in(int pipe, size_t max, size_t& moved) noexcept;
  io_status splice_out(int pipe, size_t max, size_t& moved) noexcept;

  /// Sends a FIN. Only when nothing is unsent.
  void finish_sending() noexcept;
  void close() noexcept;
  /// close() with a reset: the peer must not take what it got for complete.
  void abort() noexcept;

  /// Bytes the kernel has accepted since open().
  uint64_t bytes_sent() const noexcept { return bytes_sent_; }

  bool readable() const noexcept { return readable_; }
  bool writable() const noexcept { return writable_; }
  /// The peer has said it will send no more (there may be bytes to read yet).
  bool peer_finished() const noexcept { return rdhup_; }
  /// Reset, or both sides finished.
  bool hung_up() const noexcept { return hup_; }

  /// When the poller was last asked there was nothing to be read, and no end.
  /// Costs no system call, so it knows nothing of what has come since.
  bool was_quiet() const noexcept;

  /// Asks the kernel: the peer has sent nothing and has not closed.
  bool is_quiet() const noexcept;

  /// What ended the connection, or keeps it from being made: 0 or an errno.
  int pending_error() const noexcept;

  /// See net::keep_alive().
  void keep_alive(milliseconds time) noexcept;

private:
  friend struct stream_inspector; // of the tests

  void on_io(uint32_t events) override;
  void begin(int fd, io_token token, bool connected, bool is_unix) noexcept;
  io_status send_rest();
  io_status write_now(std::span<iovec> buffers, size_t total, bool more,
                      size_t& sent) noexcept;
  io_status fail(int error) noexcept;

  loop& loop_;
  stream_owner* owner_;
  int fd_ = -1;
  int error_ = 0;
  io_token token_;
  bool connecting_ : 1 = false;
  bool is_unix_ : 1 = false;
  bool readable_ : 1 = false;
  bool writable_ : 1 = false;
  bool rdhup_ : 1 = false;
  bool hup_ : 1 = false;
  bool finished_ : 1 = false; ///< FIN sent
  bool took_all_ : 1 = true;
  uint64_t bytes_sent_ = 0;
  int64_t bytes_taken_ = 0; ///< as peer_takes() last saw
  buffer unsent_;
};

} // namespace troupe::net
