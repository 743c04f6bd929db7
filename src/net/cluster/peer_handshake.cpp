// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/peer_handshake.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe::net::cluster {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

} // namespace

peer_handshake::peer_handshake(tcp::socket socket, handshake_terms terms,
                               callback done)
  : socket_(std::move(socket)), terms_(std::move(terms)),
    done_(std::move(done)) {
  // nop
}

void peer_handshake::accept() {
  side_ = link_side::accepted;
  begin_tls();
}

void peer_handshake::dial(const endpoint& to, std::string peer) {
  side_ = link_side::dialled;
  wanted_ = std::move(peer);
  tcp::endpoint address;
  if (to.size() > address.capacity() || to.family() == AF_UNIX)
    return fail("not an IP address");
  std::memcpy(address.data(), to.data(), to.size());
  address.resize(to.size());
  socket_.async_connect(address, [self = shared_from_this()](error_code error) {
    if (error)
      return self->fail(error.message());
    self->begin_tls();
  });
}

void peer_handshake::cancel() {
  done_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
  if (stream_)
    stream_->close();
}

void peer_handshake::begin_tls() {
  if (!done_)
    return;
  awaited_ = without_proof() ? "greeting" : "TLS handshake";
  stream_ = make_peer_stream(std::move(socket_), terms_.security);
  stream_->handshake(side_, [self = shared_from_this()](error_code error) {
    self->secured(error);
  });
}

void peer_handshake::secured(const error_code& error) {
  if (!done_)
    return;
  if (error)
    return fail(stream_->explain(error));
  awaited_ = "greeting";
  if (side_ == link_side::accepted)
    return read_line();
  // A wrong one learns nothing about this node.
  if (!has_proved(wanted_))
    return fail("its certificate is for " + listed(stream_->peer_names())
                + ", not for " + wanted_);
  write(to_line({preamble::word::hello, terms_.cluster, terms_.node, {}}),
        [this] { read_line(); });
}

void peer_handshake::read_line() {
  const auto free = asio::buffer(buffer_) + buffered_;
  if (free.size() == 0)
    return fail("not a troupe node");
  stream_->read_some(
    free, [self = shared_from_this()](error_code error, size_t n) {
      if (!self->done_)
        return;
      if (error)
        return self->fail(self->stream_->explain(error));
      self->buffered_ += n;
      const std::string_view seen{self->buffer_.data(), self->buffered_};
      if (const auto end = seen.find('\n'); end != std::string_view::npos)
        return self->got_line(seen.substr(0, end));
      self->read_line();
    });
}

void peer_handshake::got_line(std::string_view line) {
  const auto said = read_preamble(line);
  const auto version = other_version(line);
  // What follows the line stays for the guard.
  const auto used = line.size() + 1;
  std::copy(buffer_.begin() + static_cast<ptrdiff_t>(used),
            buffer_.begin() + static_cast<ptrdiff_t>(buffered_),
            buffer_.begin());
  buffered_ -= used;
  if (!said)
    return misunderstood(version);
  if (said->kind == preamble::word::refused)
    return fail("refused by the other side: " + said->text, said->text);
  const bool is_hello = said->kind == preamble::word::hello;
  if (is_hello != (side_ == link_side::accepted))
    return fail("greeting out of turn");
  if (is_hello)
    got_hello(*said);
  else
    got_welcome(*said);
}

/// @param version Of the line, if it is a preamble at all.
void peer_handshake::misunderstood(const std::string& version) {
  if (version.empty())
    return fail("not a troupe node");
  if (side_ == link_side::dialled)
    return fail("it speaks " + version + ", this node "
                + std::string{preamble_version});
  refuse("the dialling node speaks " + version + ", the other one "
         + std::string{preamble_version});
}

void peer_handshake::got_hello(const preamble& hello) {
  if (auto text = objection(hello); !text.empty())
    return refuse(std::move(text));
  write(to_line({preamble::word::welcome, terms_.cluster, terms_.node, {}}),
        [this, peer = hello.node] { succeed(peer); });
}

void peer_handshake::got_welcome(const preamble& answer) {
  if (answer.cluster != terms_.cluster)
    return fail("it belongs to cluster " + printable(answer.cluster, 64)
                + ", this node to " + terms_.cluster);
  if (answer.node != wanted_)
    return fail("it is " + printable(answer.node, 64) + ", not " + wanted_);
  succeed(wanted_);
}

/// The certificate first: without the right one nobody learns names.
std::string peer_handshake::objection(const preamble& hello) const {
  if (!has_proved(hello.node))
    return "your certificate is for " + listed(stream_->peer_names())
         + ", not for " + hello.node;
  if (hello.cluster != terms_.cluster)
    return terms_.node + " belongs to cluster " + terms_.cluster + ", "
         + hello.node + " to " + hello.cluster;
  if (hello.node == terms_.node)
    return "there is a " + hello.node + " already: this node";
  return terms_.refusal(hello.node);
}

bool peer_handshake::without_proof() const {
  return std::holds_alternative<without_tls>(terms_.security);
}

bool peer_handshake::has_proved(const std::string& name) const {
  if (without_proof())
    return true;
  const auto names = stream_->peer_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

void peer_handshake::refuse(std::string reason) {
  const auto line = to_line({preamble::word::refused, {}, {}, reason});
  write(line, [this, reason = printable(reason)] {
    error_code ignored;
    stream_->socket().shutdown(tcp::socket::shutdown_send, ignored);
    fail(reason);
  });
}

void peer_handshake::write(std::string line, std::function<void()> then) {
  out_ = std::move(line);
  write_rest(std::move(then));
}

void peer_handshake::write_rest(std::function<void()> then) {
  stream_->write_some(asio::buffer(out_),
                      [self = shared_from_this(), then = std::move(then)](
                        error_code error, size_t n) mutable {
                        if (!self->done_)
                          return;
                        if (error)
                          return self->fail(self->stream_->explain(error));
                        self->out_.erase(0, n);
                        if (!self->out_.empty())
                          return self->write_rest(std::move(then));
                        then();
                      });
}

void peer_handshake::fail(std::string reason, std::string refusal) {
  if (!done_)
    return;
  if (stream_)
    stream_->close();
  std::exchange(done_, nullptr)(
    {nullptr, {}, {}, std::move(reason), std::move(refusal)});
}

void peer_handshake::succeed(std::string peer) {
  std::exchange(done_, nullptr)({std::move(stream_),
                                 std::move(peer),
                                 std::string{buffer_.data(), buffered_},
                                 {},
                                 {}});
}

} // namespace troupe::net::cluster
