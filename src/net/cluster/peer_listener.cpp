// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/peer_listener.hpp"

#include <boost/asio/error.hpp>

#include <cstring>
#include <utility>

namespace troupe::net::cluster {

namespace asio = boost::asio;
using asio::ip::tcp;

peer_listener::peer_listener(asio::io_context& loop, milliseconds pause,
                             accepted connection, failed failure)
  : acceptor_(loop), timer_(loop), pause_(pause),
    accepted_(std::move(connection)), failed_(std::move(failure)) {
  // nop
}

std::string peer_listener::open(const endpoint& address) {
  tcp::endpoint local;
  if (address.size() > local.capacity() || address.family() == AF_UNIX)
    return "not an IP address";
  std::memcpy(local.data(), address.data(), address.size());
  local.resize(address.size());
  error_code error;
  acceptor_.open(local.protocol(), error);
  if (!error)
    acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error)
    acceptor_.bind(local, error);
  if (!error)
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return error.message();
  accept();
  return {};
}

uint16_t peer_listener::port() const {
  error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

void peer_listener::close() noexcept {
  error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
}

void peer_listener::accept() {
  acceptor_.async_accept(
    [self = shared_from_this()](error_code error, tcp::socket socket) {
      if (!self->acceptor_.is_open())
        return;
      if (error && error != asio::error::connection_aborted) {
        self->failed_(error.message());
        return self->wait();
      }
      if (!error)
        self->accepted_(std::move(socket));
      if (self->acceptor_.is_open())
        self->accept();
    });
}

void peer_listener::wait() {
  timer_.expires_after(pause_);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->acceptor_.is_open())
      self->accept();
  });
}

} // namespace troupe::net::cluster
