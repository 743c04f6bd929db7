// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/time.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe::net::cluster {

/// Accepts connections of peers. When the process is out of descriptors it
/// waits a while: a failed accept leaves the connection in the queue, so
/// trying at once would be a busy loop.
class peer_listener : public std::enable_shared_from_this<peer_listener> {
public:
  using accepted = std::function<void(boost::asio::ip::tcp::socket)>;
  using failed = std::function<void(std::string)>;

  /// @param failure Why nothing is accepted for a while.
  peer_listener(boost::asio::io_context& loop, milliseconds pause,
                accepted connection, failed failure);

  /// @returns an empty text, or why this cannot be listened on.
  std::string open(const endpoint& address);

  uint16_t port() const;
  /// No callback is called any more.
  void close() noexcept;

private:
  using error_code = boost::system::error_code;

  void accept();
  void wait();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  const milliseconds pause_;
  accepted accepted_;
  failed failed_;
};

} // namespace troupe::net::cluster
