// SPDX-License-Identifier: BSD-3-Clause
#include "admin/http_session.hpp"

#include "admin/target.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <sys/socket.h>
#include <utility>

namespace troupe::admin {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

/// Room for a head and a piece of the body.
constexpr size_t buffer_size_max = size_t{128} * 1024;

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

  /// The first answer counts.
  void give(response x) {
    if (const auto to = std::exchange(to_, {}).lock())
      to->answer(std::move(x));
  }

private:
  std::weak_ptr<http_session> to_;
};

/// A parser's complaint, told from a socket's.
bool is_http_error(const boost::system::error_code& ec) {
  return ec.category()
      == make_error_code(http::error::end_of_stream).category();
}

std::string to_string(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

} // namespace

http_session::http_session(socket peer, const http_limits& limits,
                           std::shared_ptr<const request_handler> handler,
                           ended_callback ended)
  : socket_(std::move(peer)), limits_(limits), handler_(std::move(handler)),
    ended_(std::move(ended)), deadline_(socket_.get_executor()),
    buffer_(buffer_size_max) {
  // nop
}

void http_session::start() {
  identify_peer();
  await_request();
}

void http_session::stop() {
  stopping_ = true;
  if (idle() || phase_ == phase::streaming)
    close();
}

void http_session::abandon() {
  ended_ = nullptr;
  close();
}

void http_session::identify_peer() {
  boost::system::error_code ec;
  const auto address = socket_.remote_endpoint(ec);
  if (ec)
    return;
  const endpoint peer{address.data(), static_cast<socklen_t>(address.size())};
  local_ = peer.family() == AF_UNIX;
  if (!local_) {
    peer_ = peer.to_string();
    socket_.set_option(asio::ip::tcp::no_delay{true}, ec);
    return;
  }
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED,
                   &credentials, &size)
      == 0)
    peer_ = "uid " + std::to_string(credentials.uid);
}

void http_session::await_request() {
  timed_out_ = false;
  parser_.emplace();
  parser_->header_limit(limits_.header_bytes_max);
  parser_->body_limit(limits_.body_bytes_max);
  if (buffer_.size() > 0)
    return read_head();
  phase_ = phase::idle;
  idle_since_ = clock::now();
  arm(first_ ? limits_.timeout_request : limits_.timeout_keep_alive);
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& ec) {
                       if (self->closed())
                         return;
                       if (ec)
                         self->close();
                       else
                         self->read_head();
                     });
}

void http_session::read_head() {
  phase_ = phase::reading;
  first_ = false;
  arm(limits_.timeout_request);
  http::async_read_header(
    socket_, buffer_, *parser_,
    [self = shared_from_this()](const error_code& ec, size_t) {
      if (!self->closed())
        self->on_head(ec);
    });
}

void http_session::on_head(const error_code& ec) {
  if (ec)
    return on_bad_read(ec);
  if (boost::beast::iequals(parser_->get()[http::field::expect],
                            "100-continue"))
    return send_continue();
  read_body();
}

/// Curl waits a second for this before it sends a larger body.
void http_session::send_continue() {
  static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(text),
                    [self = shared_from_this()](const error_code& ec, size_t) {
                      if (self->closed())
                        return;
                      if (ec)
                        self->on_bad_read(ec);
                      else
                        self->read_body();
                    });
}

void http_session::read_body() {
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](const error_code& ec, size_t) {
                     if (!self->closed())
                       self->on_request(ec);
                   });
}

void http_session::on_request(const error_code& ec) {
  if (ec)
    on_bad_read(ec);
  else
    dispatch();
}

void http_session::on_bad_read(const error_code& ec) {
  if (timed_out_)
    return refuse(408, "the request did not arrive in time");
  if (ec == http::error::body_limit)
    return refuse(413, "the body is too large");
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return refuse(431, "the head is too large");
  const bool left =
    ec == http::error::end_of_stream || ec == http::error::partial_message;
  if (left || !is_http_error(ec))
    return close();
  refuse(400, "not a valid HTTP/1 request");
}

void http_session::dispatch() {
  const auto& x = parser_->get();
  auto target = split_target(std::string_view{to_string(x.target())});
  const auto hosts = x.count(http::field::host);
  if (!target || hosts > 1 || (x.version() == 11 && hosts == 0))
    return refuse(400, target ? "one Host field is needed"
                              : "the target is not a valid path");
  request r;
  // A HEAD is a GET whose body is left out when it is written.
  r.method =
    x.method() == http::verb::head ? "GET" : to_string(x.method_string());
  r.path = std::move(target->path);
  r.query = std::move(target->query);
  r.authorization = to_string(x[http::field::authorization]);
  r.accept = to_string(x[http::field::accept]);
  r.if_none_match = to_string(x[http::field::if_none_match]);
  r.last_event_id = to_string(x["Last-Event-ID"]);
  r.peer = peer_;
  r.local = local_;
  r.body = std::move(parser_->get().body());
  phase_ = phase::answering;
  deadline_.cancel();
  const auto handler = handler_; // outlives the server, if it ends in there
  auto pending = std::make_shared<pending_answer>(weak_from_this());
  (*handler)(r,
             [pending](response answer) { pending->give(std::move(answer)); });
}

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
  phase_ = phase::writing;
  const auto& asked = parser_->get();
  auto& m = message_.emplace();
  m.result(x.status);
  m.version(11);
  m.set(http::field::server, "troupe");
  m.set(http::field::cache_control, "no-store");
  m.set("X-Content-Type-Options", "nosniff");
  if (!x.body.empty())
    m.set(http::field::content_type, x.content_type);
  for (const auto& [name, value] : x.fields)
    m.set(name, value);
  m.body() = std::move(x.body);
  if (asked.method() != http::verb::head)
    stream_ = std::move(x.stream);
  if (!stream_)
    m.prepare_payload();
  if (x.status == 304) // its length would be taken for that of a 200
    m.erase(http::field::content_length);
  if (!refused_ && asked.method() == http::verb::head)
    m.body().clear(); // after its length was set
  m.keep_alive(!refused_ && !stopping_ && !stream_ && asked.version() >= 11
               && asked.keep_alive());
  arm(limits_.timeout_write);
  http::async_write(socket_, m,
                    [self = shared_from_this()](const error_code& ec, size_t) {
                      if (!self->closed())
                        self->on_written(ec);
                    });
}

void http_session::on_written(const error_code& ec) {
  const bool again = message_->keep_alive() && !stopping_;
  message_.reset();
  if (ec)
    close();
  else if (stream_)
    begin_stream();
  else if (again)
    await_request();
  else
    linger();
}

void http_session::begin_stream() {
  phase_ = phase::streaming;
  stream_->on_news([self = weak_from_this(), on = socket_.get_executor()] {
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
    arm(limits_.stream_comment);
}

void http_session::write_piece(std::string piece) {
  piece_ = std::move(piece);
  arm(limits_.timeout_write); // a peer that does not read is dropped
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

/// Closing with unread bytes would reset the connection, and the peer lose the
/// response: reads on for a moment until the peer has closed.
void http_session::linger() {
  phase_ = phase::lingering;
  arm(limits_.timeout_linger);
  error_code ec;
  socket_.shutdown(asio::socket_base::shutdown_send, ec);
  if (ec || !refused_)
    close();
  else
    discard();
}

void http_session::discard() {
  socket_.async_read_some(
    asio::buffer(discarded_),
    [self = shared_from_this()](const error_code& ec, size_t) {
      if (self->closed())
        return;
      if (ec)
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
  timed_out_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void http_session::close() {
  if (closed())
    return;
  phase_ = phase::closed;
  if (stream_)
    stream_->on_news({});
  stream_.reset();
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel(ignored);
  if (const auto ended = std::exchange(ended_, nullptr))
    ended(*this);
}

} // namespace troupe::admin
