// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/peer_stream.hpp"

#include "core/endpoint.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <utility>

namespace troupe::net::cluster {

namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

class plain_stream final : public peer_stream {
public:
  explicit plain_stream(tcp::socket socket) : socket_(std::move(socket)) {}

  void handshake(link_side, std::function<void(error_code)> done) override {
    asio::post(socket_.get_executor(),
               [done = std::move(done)] { done(error_code{}); });
  }
  void read_some(asio::mutable_buffer to, io_done done) override {
    socket_.async_read_some(to, std::move(done));
  }
  void write_some(asio::const_buffer from, io_done done) override {
    socket_.async_write_some(from, std::move(done));
  }
  std::vector<std::string> peer_names() const override { return {}; }
  std::string explain(const error_code& error) const override {
    return error == asio::error::eof ? "closed by the other side"
                                     : error.message();
  }
  tcp::socket& socket() override { return socket_; }

private:
  tcp::socket socket_;
};

class tls_stream final : public peer_stream {
public:
  tls_stream(tcp::socket socket, std::shared_ptr<ssl::context> context)
    : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  void handshake(link_side side,
                 std::function<void(error_code)> done) override {
    stream_.async_handshake(side == link_side::dialled
                              ? ssl::stream_base::client
                              : ssl::stream_base::server,
                            std::move(done));
  }
  void read_some(asio::mutable_buffer to, io_done done) override {
    stream_.async_read_some(to, std::move(done));
  }
  void write_some(asio::const_buffer from, io_done done) override {
    stream_.async_write_some(from, std::move(done));
  }
  std::vector<std::string> peer_names() const override;
  std::string explain(const error_code& error) const override;
  tcp::socket& socket() override { return stream_.next_layer(); }

private:
  // Older ones live on with the connections that began with them.
  std::shared_ptr<ssl::context> context_;
  mutable ssl::stream<tcp::socket> stream_;
};

std::vector<std::string> tls_stream::peer_names() const {
  const auto* certificate = SSL_get0_peer_certificate(stream_.native_handle());
  return certificate != nullptr ? names_of(*certificate)
                                : std::vector<std::string>{};
}

std::string tls_stream::explain(const error_code& error) const {
  const bool of_tls = error.category() == asio::error::get_ssl_category();
  const auto code = static_cast<unsigned long>(error.value());
  const bool is_alert = ERR_GET_LIB(code) == ERR_LIB_SSL
                     && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
  const auto verdict = SSL_get_verify_result(stream_.native_handle());
  // OpenSSL's own error hardly says what is wrong with a certificate. What the
  // other side complains of is an alert, and about ours.
  if (of_tls && verdict != X509_V_OK && !is_alert)
    return std::string{"TLS: the other side's certificate: "}
         + X509_verify_cert_error_string(verdict);
  if (error == ssl::error::stream_truncated || error == asio::error::eof)
    return "closed by the other side";
  return (of_tls ? "TLS: " : "") + error.message();
}

} // namespace

void peer_stream::close() noexcept {
  error_code ignored;
  socket().close(ignored);
}

std::unique_ptr<peer_stream> make_peer_stream(tcp::socket socket,
                                              const link_security& security) {
  error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  if (std::holds_alternative<without_tls>(security))
    return std::make_unique<plain_stream>(std::move(socket));
  return std::make_unique<tls_stream>(
    std::move(socket), std::get<tls_identity>(security).context());
}

std::string remote_address(const tcp::socket& socket) {
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error)
    return {};
  return endpoint{remote.data(), static_cast<socklen_t>(remote.size())}
    .to_string();
}

} // namespace troupe::net::cluster
