// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/http_session.hpp"

#include "api/http/response_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>
#include <utility>

namespace troupe::admin {

namespace {

namespace asio = boost::asio;

/// What the handler holds on to. Tells the session when it is forgotten, or the
/// connection would wait for ever.
class pending_answer {
public:
  explicit pending_answer(std::weak_ptr<http_session> to)
    : to_(std::move(to)) {}
  // Only a lack of memory throws here, and ends the process.
  ~pending_answer() { // NOLINT(bugprone-exception-escape)
    give({500, "application/json", R"({"error":"the request was dropped"})"});
  }
  pending_answer(const pending_answer&) = delete;
  pending_answer& operator=(const pending_answer&) = delete;

  /// The first answer counts. Any thread; the session must not end here.
  void give(response x) {
    auto to = std::exchange(to_, {}).lock();
    if (!to)
      return;
    const auto on = to->executor();
    asio::dispatch(on, [to = std::move(to), x = std::move(x)]() mutable {
      to->answer(std::move(x));
    });
  }

private:
  std::weak_ptr<http_session> to_;
};

} // namespace

http_session::http_session(socket peer, std::shared_ptr<session_parts> parts,
                           ended_callback ended)
  : socket_(std::move(peer)), parts_(std::move(parts)),
    ended_(std::move(ended)), deadline_(socket_.get_executor()) {
  identify_peer();
}

void http_session::start() { await_request(); }

void http_session::stop() {
  stopping_ = true;
  if (phase_ == phase::idle || phase_ == phase::streaming)
    close();
}

void http_session::abandon() {
  ended_ = nullptr;
  close();
}

void http_session::enter(phase x) {
  phase_ = x;
  since_ = clock::now();
}

place http_session::standing() const {
  const auto what = [this] {
    switch (phase_) {
    case phase::reading:
      return in_body_ && decision_.trusted ? claim::trusted : claim::reading;
    case phase::answering:
      return decision_.trusted ? claim::trusted : claim::answering;
    case phase::writing:
    case phase::streaming:
      return decision_.trusted ? claim::trusted : claim::writing;
    case phase::lingering:
      return claim::lingering;
    default:
      return claim::idle;
    }
  };
  return {source_, what(), since_};
}

void http_session::identify_peer() {
  boost::system::error_code ec;
  socket_.non_blocking(true, ec);
  const auto address = socket_.remote_endpoint(ec);
  if (ec)
    return;
  const endpoint peer{address.data(), static_cast<socklen_t>(address.size())};
  local_ = peer.family() == AF_UNIX;
  if (!local_) {
    peer_ = peer.to_string();
    source_ = peer.ip();
    socket_.set_option(asio::ip::tcp::no_delay{true}, ec);
    return;
  }
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED,
                   &credentials, &size)
      == 0)
    peer_ = source_ = "uid " + std::to_string(credentials.uid);
}

// -- requests -----------------------------------------------------------------

void http_session::await_request() {
  in_body_ = false;
  decision_ = {};
  reader_.begin();
  if (reader_.has_unread()) { // the next request: after everybody else's
    enter(phase::reading);
    arm(parts_->limits.timeout_request);
    return asio::post(executor(), [self = shared_from_this()] {
      if (self->phase_ == phase::reading)
        self->advance();
    });
  }
  enter(phase::idle);
  arm(first_ ? parts_->limits.timeout_request
             : parts_->limits.timeout_keep_alive);
  await_bytes();
}

void http_session::await_bytes() {
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& ec) {
                       const auto now = self->phase_;
                       if (now != phase::idle && now != phase::reading)
                         return; // refused meanwhile
                       if (ec)
                         self->close();
                       else
                         self->on_bytes();
                     });
}

void http_session::on_bytes() {
  auto& into = parts_->received;
  error_code ec;
  const auto n = socket_.read_some(asio::buffer(into), ec);
  if (ec == asio::error::would_block)
    return await_bytes();
  if (ec)
    return close();
  if (phase_ == phase::idle) {
    enter(phase::reading);
    arm(parts_->limits.timeout_request);
    first_ = false;
  }
  reader_.add({into.data(), n});
  advance();
}

void http_session::advance() {
  if (in_body_)
    return read_body();
  switch (reader_.read_head(parts_->limits.header_bytes_max, parts_->head)) {
  case progress::more:
    return await_bytes();
  case progress::bad:
    return refuse(reader_.why().status, reader_.why().text);
  case progress::done:
    return decide();
  }
}

void http_session::decide() {
  auto& asked = reader_.asked();
  asked.peer = peer_;
  asked.source = source_;
  asked.local = local_;
  in_body_ = true;
  const auto parts = parts_; // outlives the server, if it ends in there
  decision_ = parts->decide(asked);
  if (closed())
    return;
  if (decision_.refusal) {
    refused_ = reader_.announces_body();
    return write(*std::move(decision_.refusal));
  }
  read_body();
}

/// Curl waits a second for this before it sends a larger body.
void http_session::send_continue() {
  static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(text),
                    [self = shared_from_this()](const error_code& ec, size_t) {
                      if (self->phase_ != phase::reading)
                        return;
                      if (ec)
                        self->close();
                      else
                        self->read_body();
                    });
}

void http_session::read_body() {
  switch (reader_.read_body(decision_.body_bytes_max)) {
  case progress::more:
    return reader_.take_expectation() ? send_continue() : await_bytes();
  case progress::bad:
    return refuse(reader_.why().status, reader_.why().text);
  case progress::done:
    return dispatch();
  }
}

void http_session::dispatch() {
  enter(phase::answering);
  deadline_.cancel();
  // May outlive this session, if the server ends in there.
  const auto handle = std::exchange(decision_.handle, {});
  auto pending = std::make_shared<pending_answer>(weak_from_this());
  handle(reader_.asked(),
         [pending](response answer) { pending->give(std::move(answer)); });
}

// -- answers ------------------------------------------------------------------

void http_session::answer(response x) {
  if (phase_ == phase::answering)
    write(std::move(x));
}

void http_session::refuse(unsigned status, std::string_view text) {
  refused_ = true;
  write({status, "application/json",
         R"({"error":")" + std::string{text} + R"("})"});
}

void http_session::write(response x) {
  enter(phase::writing);
  const bool without_body = reader_.is_head();
  if (!without_body)
    stream_ = std::move(x.stream);
  again_ = !refused_ && !stopping_ && !stream_ && reader_.keeps_alive();
  std::optional<uint64_t> length;
  if (!stream_)
    length = x.text ? x.text->size() : x.body.size();
  head_ = response_head(x, length, !again_);
  text_pieces_ = 0;
  if (without_body) {
    piece_.clear();
  } else {
    piece_ = std::move(x.body);
    text_ = std::move(x.text);
  }
  arm(parts_->limits.timeout_write);
  const std::array<asio::const_buffer, 2> all{asio::buffer(head_),
                                              asio::buffer(piece_)};
  asio::async_write(socket_, all,
                    [self = shared_from_this()](const error_code& ec, size_t) {
                      if (!self->closed())
                        self->on_written(ec);
                    });
}

void http_session::on_written(const error_code& ec) {
  head_ = {};
  piece_ = {};
  if (ec)
    close();
  else if (text_)
    write_text();
  else if (stream_)
    begin_stream();
  else if (again_ && !stopping_)
    await_request();
  else
    linger();
}

void http_session::write_text() {
  text_piece_ = text_->at(text_pieces_++);
  if (!text_piece_) {
    if (std::exchange(text_, nullptr)->withdrawn())
      return close(); // too slow
    return on_written({});
  }
  arm(parts_->limits.timeout_write);
  const auto text = text_piece_->text();
  asio::async_write(socket_, asio::buffer(text),
                    [self = shared_from_this()](const error_code& ec, size_t) {
                      if (self->closed())
                        return;
                      if (ec)
                        self->close();
                      else
                        self->write_text();
                    });
}

// -- streams ------------------------------------------------------------------

void http_session::begin_stream() {
  enter(phase::streaming);
  stream_->on_news([self = weak_from_this(), on = executor()] {
    asio::post(on, [self] {
      if (const auto session = self.lock(); session && !session->closed())
        session->continue_stream();
    });
  });
  watch_peer();
  continue_stream();
}

/// It has nothing more to say: whatever can be read, the end too, ends this.
void http_session::watch_peer() {
  socket_.async_wait(
    asio::socket_base::wait_read,
    [self = shared_from_this()](const error_code&) { self->close(); });
}

void http_session::continue_stream() {
  if (!piece_.empty())
    return; // asked again once it is written
  if (stopping_)
    return close();
  if (auto piece = stream_->next(); !piece.empty())
    write_piece(std::move(piece));
  else
    arm(parts_->limits.stream_comment);
}

void http_session::write_piece(std::string piece) {
  piece_ = std::move(piece);
  arm(parts_->limits.timeout_write); // a peer that does not read is dropped
  asio::async_write(socket_, asio::buffer(piece_),
                    [self = shared_from_this()](const error_code& ec, size_t) {
                      if (self->closed())
                        return;
                      self->piece_.clear();
                      if (ec)
                        self->close();
                      else
                        self->continue_stream();
                    });
}

// -- the end ------------------------------------------------------------------

/// Closing with unread bytes would reset the connection, and the peer lose the
/// response: reads on for a moment until the peer has closed.
void http_session::linger() {
  enter(phase::lingering);
  arm(parts_->limits.timeout_linger);
  error_code ec;
  socket_.shutdown(asio::socket_base::shutdown_send, ec);
  if (ec || !refused_)
    close();
  else
    discard();
}

void http_session::discard() {
  socket_.async_wait(
    asio::socket_base::wait_read, [self = shared_from_this()](error_code ec) {
      if (self->closed())
        return;
      if (!ec)
        self->socket_.read_some(asio::buffer(self->parts_->received), ec);
      if (ec && ec != asio::error::would_block)
        self->close();
      else
        self->discard();
    });
}

void http_session::arm(milliseconds timeout) {
  deadline_.expires_after(timeout);
  deadline_.async_wait([self = shared_from_this()](const error_code& ec) {
    // Set anew while this call was already queued: not yet.
    if (!ec && !self->closed() && self->deadline_.expiry() <= clock::now())
      self->on_deadline();
  });
}

void http_session::on_deadline() {
  if (phase_ == phase::answering)
    return; // the deadline of the request, queued when it was complete
  if (phase_ == phase::streaming && piece_.empty())
    return write_piece(": still here\n\n");
  if (phase_ != phase::reading)
    return close();
  refuse(408, "the request did not arrive in time");
}

void http_session::close() {
  if (closed())
    return;
  enter(phase::closed);
  if (stream_)
    stream_->on_news({});
  stream_.reset();
  text_.reset();
  text_piece_.reset();
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel(ignored);
  if (const auto ended = std::exchange(ended_, nullptr))
    ended(*this);
}

} // namespace troupe::admin
