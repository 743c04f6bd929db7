// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "run.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

/// One request and its reply, for each kind of load.
namespace load {

using nothing = asio::awaitable<void>;

/// Throws if the exchange failed.
class exchange {
public:
  virtual ~exchange() = default;
  virtual nothing once(tcp::socket& socket) = 0;
  /// The connection serves one exchange only.
  virtual bool closes() const noexcept { return false; }
};

class http_exchange : public exchange {
public:
  http_exchange(const plan& x, bool close)
    : request_(fmt::format("GET {} HTTP/1.1\r\nHost: bench\r\n{}\r\n", x.target,
                           close ? "Connection: close\r\n" : "")),
      close_(close) {}

  nothing once(tcp::socket& socket) override {
    namespace http = boost::beast::http;
    co_await asio::async_write(socket, asio::buffer(request_),
                               asio::use_awaitable);
    http::response_parser<http::string_body> reply;
    co_await http::async_read(socket, buffer_, reply, asio::use_awaitable);
    if (reply.get().result_int() != 200)
      throw std::runtime_error("not 200");
    must_close_ = !reply.get().keep_alive();
  }

  bool closes() const noexcept override { return close_ || must_close_; }

private:
  std::string request_;
  boost::beast::flat_buffer buffer_;
  bool close_;
  bool must_close_ = false;
};

class echo_exchange : public exchange {
public:
  echo_exchange(const plan& x, bool close)
    : sent_(x.bytes, 'x'), received_(x.bytes, 0), close_(close) {}

  nothing once(tcp::socket& socket) override {
    co_await asio::async_write(socket, asio::buffer(sent_),
                               asio::use_awaitable);
    co_await asio::async_read(socket, asio::buffer(received_),
                              asio::use_awaitable);
    if (received_ != sent_)
      throw std::runtime_error("other bytes came back");
  }

  bool closes() const noexcept override { return close_; }

private:
  std::string sent_;
  std::string received_;
  bool close_;
};

inline std::unique_ptr<exchange> make_exchange(const plan& x) {
  const bool close = x.kind == "http-close" || x.kind == "connect";
  if (x.kind.starts_with("http"))
    return std::make_unique<http_exchange>(x, close);
  return std::make_unique<echo_exchange>(x, close);
}

/// From one of 64 addresses in turn: client ports of one would run out.
inline asio::awaitable<tcp::socket> open(const plan& x) {
  static std::atomic<unsigned> turn{0};
  tcp::socket socket{co_await asio::this_coro::executor, tcp::v4()};
  const int late = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT,
               &late, sizeof late);
  const auto last = 2 + turn++ % 64;
  socket.bind({asio::ip::address_v4{0x7F000000U + last}, 0});
  co_await socket.async_connect(x.to, asio::use_awaitable);
  socket.set_option(tcp::no_delay{true});
  co_return std::move(socket);
}

} // namespace load
