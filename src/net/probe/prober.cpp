// SPDX-License-Identifier: BSD-3-Clause
#include "net/probe/prober.hpp"

#include "core/time.hpp"
#include "net/http1/head.hpp"
#include "net/transport/socket.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <unordered_set>
#include <utility>

namespace troupe::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using stream_protocol = asio::generic::stream_protocol;

/// Between two tries to get into a full backlog.
constexpr milliseconds probe_backlog_pause{50};

/// A loop that is on time is not later than this.
constexpr milliseconds late_min{20};

/// For interim responses and the final one's head.
constexpr size_t response_size_max = size_t{64} * 1024;

std::string describe(const error_code& ec) {
  auto text = ec.message();
  if (!text.empty())
    text[0] = static_cast<char>(std::tolower(text[0]));
  return text;
}

/// Parses the final response's head, as strictly as if it were to be sent on: a
/// server is as good as what clients would get of it. Interim responses (1xx
/// but 101) are taken away from `text`.
http1::parse_status read_response_head(std::string& text, bool is_head,
                                       http1::response_head& head) {
  for (;;) {
    const auto result =
      http1::parse_response(text, http1::response_limits, is_head, head);
    if (result != http1::parse_status::done || head.status >= 200
        || head.status == 101)
      return result;
    text.erase(0, head.size);
  }
}

class probe;
using probe_set = std::unordered_set<std::shared_ptr<probe>>;

/// One probe under way. It is in `running` until it has called back.
class probe : public std::enable_shared_from_this<probe> {
public:
  probe(asio::io_context& loop, const endpoint& target,
        const check_settings& check, prober::callback done, probe_set& running,
        http1::response_head& head)
    : target_(target), check_(check), done_(std::move(done)), running_(running),
      head_(head), socket_(loop), deadline_(loop), pause_(loop) {
    if (check_.port != 0 && target_.family() != AF_UNIX)
      target_.port(check_.port);
  }

  void start();

  /// The prober is going: no callback any more.
  void abandon() {
    done_ = nullptr;
    close();
  }

private:
  bool over() const noexcept { return !done_; }
  void await_deadline();
  void on_deadline();
  void connect();
  void connect_later();
  void on_connect(const error_code& ec);
  bool really_connected();
  void send_request();
  void read_response();
  void on_readable(const error_code& waited);
  void judge(unsigned status);
  void fail(const error_code& ec, std::string_view during);
  void fail(std::string detail);
  void finish(probe_result result);
  void close();

  endpoint target_;
  check_settings check_;
  prober::callback done_; ///< empty when over
  probe_set& running_;
  http1::response_head& head_; ///< of no use between calls
  stream_protocol::socket socket_;
  asio::steady_timer deadline_;
  asio::steady_timer pause_;
  milliseconds extended_{0}; ///< the deadline, so far
  bool connected_ = false;
  time_point started_ = clock::now();
  std::string_view waiting_for_ = "the connection";
  std::string request_;
  std::string response_; ///< what is not parsed yet
  size_t received_ = 0;
};

void probe::start() {
  deadline_.expires_after(check_.timeout);
  await_deadline();
  connect();
}

void probe::await_deadline() {
  deadline_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec && !self->over())
      self->on_deadline();
  });
}

/// What this node was too late to look at is not the server's fault: it gets
/// as much time again, up to twice its own in all.
void probe::on_deadline() {
  const auto late =
    std::chrono::duration_cast<milliseconds>(clock::now() - deadline_.expiry());
  const auto left = 2 * check_.timeout - extended_;
  if (late >= late_min && left > milliseconds{0}) {
    const auto more = std::min(late, left);
    extended_ += more;
    deadline_.expires_after(more);
    return await_deadline();
  }
  probe_result result;
  result.outcome = probe_outcome::timeout;
  result.detail = "no answer in "
                + std::to_string((check_.timeout + extended_).count())
                + " ms, waiting for " + std::string{waiting_for_};
  finish(std::move(result));
}

void probe::connect() {
  const auto self = shared_from_this();
  const stream_protocol::endpoint address{target_.data(), target_.size()};
  error_code ec;
  socket_.open(address.protocol(), ec);
  if (ec) {
    // Through the loop: the caller must not be called back from its own call.
    asio::post(socket_.get_executor(), [self, ec] {
      if (!self->over())
        self->fail(ec, "socket");
    });
    return;
  }
  // Its server never sees the connection: a reset follows instead of the
  // handshake's last segment.
  if (check_.type == check_type::tcp && target_.family() != AF_UNIX)
    hold_back_ack(socket_.native_handle());
  socket_.async_connect(address, [self](const error_code& error) {
    if (!self->over())
      self->on_connect(error);
  });
}

void probe::on_connect(const error_code& ec) {
  if (ec)
    return fail(ec, "connect");
  if (!really_connected())
    return;
  connected_ = true;
  error_code ignored;
  socket_.non_blocking(true, ignored); // a wait may end without bytes
  if (check_.type == check_type::http)
    return send_request();
  // A reset at once, so that probes leave no sockets in TIME_WAIT.
  if (target_.family() != AF_UNIX)
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
  probe_result result;
  result.outcome = probe_outcome::success;
  finish(std::move(result));
}

/// As TCP would have waited for the server to take the next connection.
void probe::connect_later() {
  waiting_for_ = "a place in the server's backlog";
  error_code ignored;
  socket_.close(ignored);
  pause_.expires_after(probe_backlog_pause);
  pause_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec && !self->over())
      self->connect();
  });
}

/// Two connects that succeed without a server: a Unix socket whose backlog is
/// full reports EAGAIN, which Asio takes for "in progress", and a local port of
/// the ephemeral range may be picked as our own address, which then connects to
/// itself.
bool probe::really_connected() {
  error_code ec;
  const auto peer = socket_.remote_endpoint(ec);
  if (ec) {
    connect_later();
    return false;
  }
  if (target_.family() != AF_UNIX && peer == socket_.local_endpoint(ec)) {
    fail("connect: nothing listens (the probe met itself)");
    return false;
  }
  return true;
}

void probe::send_request() {
  const bool local = target_.family() == AF_UNIX;
  const auto host = !check_.host.empty() ? check_.host
                  : local                ? std::string{"localhost"}
                                         : target_.to_string();
  request_ = check_.method + ' ' + check_.path + " HTTP/1.1\r\nHost: " + host
           + "\r\nUser-Agent: troupe-health-check\r\nAccept: */*\r\n"
             "Connection: close\r\n\r\n";
  waiting_for_ = "the response";
  asio::async_write(socket_, asio::buffer(request_),
                    [self = shared_from_this()](const error_code& ec, size_t) {
                      if (self->over())
                        return;
                      if (ec)
                        self->fail(ec, "send");
                      else
                        self->read_response();
                    });
}

/// Waits without a buffer: thousands of probes may be under way.
void probe::read_response() {
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& ec) {
                       if (!self->over())
                         self->on_readable(ec);
                     });
}

void probe::on_readable(const error_code& waited) {
  std::array<char, 2048> piece;
  error_code ec = waited;
  const auto size = ec ? 0 : socket_.read_some(asio::buffer(piece), ec);
  if (ec == asio::error::would_block)
    return read_response();
  if (ec == asio::error::eof)
    return fail(received_ == 0 ? "closed without a response"
                               : "closed inside the response head");
  if (ec)
    return fail(ec, "receive");
  response_.append(piece.data(), size);
  received_ += size;
  switch (read_response_head(response_, check_.method == "HEAD", head_)) {
  case http1::parse_status::done:
    return judge(head_.status);
  case http1::parse_status::bad:
    return fail("a response that would be refused: "
                + std::string{head_.error_detail});
  case http1::parse_status::need_more:
    break;
  }
  if (received_ >= response_size_max)
    return fail("no final response in 64 KiB");
  read_response();
}

void probe::judge(unsigned status) {
  const auto& ranges = check_.expect_status;
  const bool expected =
    std::any_of(ranges.begin(), ranges.end(), [status](const auto& x) {
      return status >= x.first && status <= x.last;
    });
  probe_result result;
  result.outcome = expected ? probe_outcome::success : probe_outcome::failure;
  result.status = status;
  result.detail = "status " + std::to_string(status);
  finish(std::move(result));
}

void probe::fail(const error_code& ec, std::string_view during) {
  probe_result result;
  result.local_error = ec.category() == boost::system::system_category()
                    && is_local_error(ec.value(), target_.family());
  result.detail = std::string{during} + ": " + describe(ec);
  finish(std::move(result));
}

void probe::fail(std::string detail) {
  probe_result result;
  result.detail = std::move(detail);
  finish(std::move(result));
}

/// The callback comes last: it may destroy the prober.
void probe::finish(probe_result result) {
  const auto self = shared_from_this();
  result.connected = connected_;
  result.took = std::chrono::duration_cast<std::chrono::microseconds>(
    clock::now() - started_);
  const auto done = std::exchange(done_, nullptr);
  close();
  running_.erase(self);
  done(result);
}

void probe::close() {
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel(ignored);
  pause_.cancel(ignored);
}

class asio_prober : public prober {
public:
  explicit asio_prober(asio::io_context& loop) : loop_(loop) {}

  ~asio_prober() override {
    for (const auto& x : running_)
      x->abandon();
  }

  void start(const endpoint& target, const check_settings& check,
             callback done) override {
    auto x = std::make_shared<probe>(loop_, target, check, std::move(done),
                                     running_, *head_);
    running_.insert(x);
    x->start();
  }

private:
  asio::io_context& loop_;
  std::unique_ptr<http1::response_head> head_ =
    std::make_unique<http1::response_head>();
  probe_set running_;
};

} // namespace

std::unique_ptr<prober> make_prober(asio::io_context& loop) {
  return std::make_unique<asio_prober>(loop);
}

} // namespace troupe::net
