// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "net/cluster/peer_stream.hpp"
#include "net/cluster/preamble.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace troupe::net::cluster {

/// The identity of this node, and the peers that it accepts.
struct handshake_terms {
  std::string node;
  std::string cluster;
  link_security security;
  /// Why a node of this name is not let in; empty if it is.
  std::function<std::string(const std::string&)> refusal;
};

/// A peer with a verified identity, or the reason why there is none.
struct handshake_result {
  std::unique_ptr<peer_stream> stream; ///< null: see `failure`
  std::string peer;
  std::string early; ///< what came behind the peer's line
  std::string failure;
  std::string refusal; ///< what the other side said, if it refused
};

/// From TCP to a peer with a name: connect, TLS, certificate, one line from
/// each side. It has no deadline: its starter cancels it.
class peer_handshake : public std::enable_shared_from_this<peer_handshake> {
public:
  /// Called once, unless cancelled before.
  using callback = std::function<void(handshake_result)>;

  peer_handshake(boost::asio::ip::tcp::socket socket, handshake_terms terms,
                 callback done);

  void accept();
  /// @param peer The name that must answer.
  void dial(const endpoint& to, std::string peer);

  /// Closes the connection without a callback.
  void cancel();

  /// The step it waits for, as in "no TLS handshake".
  const char* awaited() const noexcept { return awaited_; }

private:
  using error_code = boost::system::error_code;

  void begin_tls();
  void secured(const error_code& error);
  void read_line();
  void got_line(std::string_view line);
  void misunderstood(const std::string& version);
  void got_hello(const preamble& hello);
  void got_welcome(const preamble& answer);
  std::string objection(const preamble& hello) const;
  /// The identity of the peer is verified.
  bool without_proof() const;
  bool has_proved(const std::string& name) const;
  void refuse(std::string reason);
  void write(std::string line, std::function<void()> then);
  void write_rest(std::function<void()> then);
  void fail(std::string reason, std::string refusal = {});
  void succeed(std::string peer);

  boost::asio::ip::tcp::socket socket_; // until it is connected
  const handshake_terms terms_;
  callback done_;
  link_side side_ = link_side::accepted;
  std::string wanted_; // the peer that was dialled
  std::unique_ptr<peer_stream> stream_;
  std::array<char, preamble_bytes_max> buffer_{};
  size_t buffered_ = 0;
  std::string out_;
  const char* awaited_ = "connection";
};

} // namespace troupe::net::cluster
