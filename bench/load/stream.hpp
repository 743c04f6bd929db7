// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "exchange.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>

#include <vector>

/// Bytes without a pause in both directions, through something that echoes.
namespace load {

inline nothing send_on(std::shared_ptr<tcp::socket> socket, run& seen,
                       size_t bytes) {
  const std::string block(bytes, 'x');
  try {
    while (load_clock::now() < seen.end)
      co_await asio::async_write(*socket, asio::buffer(block),
                                 asio::use_awaitable);
    socket->shutdown(tcp::socket::shutdown_send);
  } catch (const std::exception&) {
    ++seen.failed;
  }
}

inline nothing run_stream(const plan& x, run& seen) {
  auto socket = std::make_shared<tcp::socket>(co_await open(x));
  asio::co_spawn(co_await asio::this_coro::executor,
                 send_on(socket, seen, x.bytes), asio::detached);
  std::vector<char> block(x.bytes);
  boost::system::error_code ec;
  while (!ec)
    seen.bytes += co_await socket->async_read_some(
      asio::buffer(block), asio::redirect_error(asio::use_awaitable, ec));
  seen.failed += ec != asio::error::eof;
}

} // namespace load
