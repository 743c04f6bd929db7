// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/cluster/basp_guard.hpp"
#include "net/cluster/tls_context.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::net::cluster {

/// The bytes of one connection to a peer, with TLS or without. The code that
/// starts an operation keeps the stream alive until it ends.
class peer_stream {
public:
  using error_code = boost::system::error_code;
  using io_done = std::function<void(error_code, size_t)>;

  virtual ~peer_stream() = default;
  virtual void handshake(link_side side,
                         std::function<void(error_code)> done) = 0;
  virtual void read_some(boost::asio::mutable_buffer to, io_done done) = 0;
  virtual void write_some(boost::asio::const_buffer from, io_done done) = 0;

  /// The names the peer has proved to have; none without TLS.
  virtual std::vector<std::string> peer_names() const = 0;

  /// The error in a handshake or right after it, for people.
  virtual std::string explain(const error_code& error) const = 0;

  virtual boost::asio::ip::tcp::socket& socket() = 0;

  /// Every operation under way ends.
  void close() noexcept;
};

std::unique_ptr<peer_stream>
make_peer_stream(boost::asio::ip::tcp::socket socket,
                 const link_security& security);

/// "127.0.0.1:7946" or "[::1]:7946"; "" when it is not connected.
std::string remote_address(const boost::asio::ip::tcp::socket& socket);

} // namespace troupe::net::cluster
