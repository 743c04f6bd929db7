// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "net/cluster/basp_frame.hpp"
#include "net/cluster/certificates.hpp"
#include "net/cluster/peer_handshake.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <array>
#include <memory>
#include <openssl/ssl.h>
#include <string>

namespace troupe::actors {

/// A TLS context that says what the test likes, and believes everybody.
inline std::shared_ptr<boost::asio::ssl::context>
careless_context(const net::cluster::signed_key* own) {
  auto result =
    std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls);
  if (own != nullptr) {
    SSL_CTX_use_certificate(result->native_handle(), own->certificate.get());
    SSL_CTX_use_PrivateKey(result->native_handle(), own->key.get());
  }
  return result;
}

/// A client that is no node and does as the test says. Runs in poll().
class rogue_peer {
public:
  explicit rogue_peer(uint16_t port)
    : to_(*endpoint::parse("127.0.0.1:" + std::to_string(port))) {}

  ~rogue_peer() {
    if (handshake_)
      handshake_->cancel();
    if (stream_)
      stream_->close();
    loop_.restart();
    loop_.poll();
  }

  /// TCP alone, with the bytes given.
  void connect(const std::string& bytes) {
    boost::asio::ip::tcp::socket socket{loop_};
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), to_.port()});
    stream_ = net::cluster::make_peer_stream(std::move(socket),
                                             net::cluster::without_tls{});
    begin();
    send(bytes);
  }

  /// TCP and TLS, without a word.
  void secure(std::shared_ptr<boost::asio::ssl::context> context) {
    boost::asio::ip::tcp::socket socket{loop_};
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), to_.port()});
    stream_ = net::cluster::make_peer_stream(
      std::move(socket), net::cluster::tls_identity{context});
    stream_->handshake(net::cluster::link_side::dialled, [this](auto error) {
      failure = error ? stream_->explain(error) : "";
      if (error)
        closed = true;
      else
        begin();
    });
  }

  /// As far as BASP: `name` says hello to `to`.
  void greet(const std::string& name, const std::string& cluster,
             const std::string& to,
             std::shared_ptr<boost::asio::ssl::context> context) {
    handshake_ = std::make_shared<net::cluster::peer_handshake>(
      boost::asio::ip::tcp::socket{loop_},
      net::cluster::handshake_terms{
        name, cluster, net::cluster::tls_identity{std::move(context)}, {}},
      [this](net::cluster::handshake_result result) {
        failure = result.failure;
        stream_ = std::move(result.stream);
        received = std::move(result.early);
        if (stream_)
          begin();
        else
          closed = true;
      });
    handshake_->dial(to_, to);
  }

  void send(const std::string& bytes) {
    out_ += bytes;
    if (!writing_)
      write();
  }

  void poll() {
    loop_.restart();
    loop_.poll();
  }

  bool ready = false;  ///< send() is of use
  bool closed = false; ///< by the other side
  bool reading = true;
  std::string failure; ///< of greet() and secure()
  std::string received;

private:
  void begin() {
    ready = true;
    if (reading)
      read();
    write();
  }
  void read() {
    stream_->read_some(boost::asio::buffer(in_), [this](auto error, size_t n) {
      received.append(in_.data(), n);
      closed = closed || error;
      if (!error && reading)
        read();
    });
  }
  void write() {
    writing_ = !out_.empty() && ready;
    if (!writing_)
      return;
    stream_->write_some(boost::asio::buffer(out_),
                        [this](auto error, size_t n) {
                          out_.erase(0, n);
                          closed = closed || error;
                          if (error)
                            writing_ = false;
                          else
                            write();
                        });
  }

  boost::asio::io_context loop_{1};
  endpoint to_;
  std::shared_ptr<net::cluster::peer_handshake> handshake_;
  std::unique_ptr<net::cluster::peer_stream> stream_;
  std::array<char, 4'096> in_{};
  std::string out_;
  bool writing_ = false;
};

} // namespace troupe::actors
