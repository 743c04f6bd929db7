// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/http_server.hpp"

#include "api/http/http_session.hpp"
#include "api/http/listening_socket.hpp"
#include "api/http/places.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/error.hpp>

#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe::admin {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using stream_protocol = asio::generic::stream_protocol;

/// After a failed accept, mostly for want of a descriptor: the connection stays
/// in the backlog, so trying again at once would only spin.
constexpr milliseconds accept_pause{100};

/// The server proper. Operations that outlive the handle keep it alive.
class acceptor : public std::enable_shared_from_this<acceptor> {
public:
  acceptor(asio::io_context& loop, const endpoint& address, head_handler decide,
           const http_limits& limits)
    : socket_(std::make_unique<listening_socket>(address)),
      local_(socket_->local()),
      parts_(std::make_shared<session_parts>(limits, std::move(decide))),
      acceptor_(loop), pause_(loop) {
    acceptor_.assign(stream_protocol{address.family(), 0}, socket_->release());
  }

  const endpoint& local() const noexcept { return local_; }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](
                             const error_code& ec, http_session::socket peer) {
      if (self->stopped_)
        return;
      if (ec)
        return self->pause();
      self->admit(std::move(peer));
      self->accept();
    });
  }

  void stop() {
    close_listener();
    for_each_session([](http_session& x) { x.stop(); });
  }

  void shut_down() {
    close_listener();
    for_each_session([](http_session& x) { x.abandon(); });
    sessions_.clear();
  }

private:
  void close_listener() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel(ignored);
    socket_.reset();
  }

  /// Sessions leave the set while it is walked.
  template <class Function>
  void for_each_session(Function f) {
    const auto all = sessions_;
    for (const auto& x : all)
      f(*x);
  }

  void pause() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([self = shared_from_this()](const error_code& ec) {
      if (!ec && !self->stopped_)
        self->accept();
    });
  }

  void admit(http_session::socket peer) {
    const auto x = std::make_shared<http_session>(
      std::move(peer), parts_, [weak = weak_from_this()](http_session& ended) {
        if (const auto self = weak.lock())
          self->sessions_.erase(ended.shared_from_this());
      });
    if (sessions_.size() >= parts_->limits.connections_max && !make_room(*x))
      return;
    sessions_.insert(x);
    x->start();
  }

  bool make_room(const http_session& newcomer) {
    const std::vector<std::shared_ptr<http_session>> all{sessions_.begin(),
                                                         sessions_.end()};
    std::vector<place> taken;
    taken.reserve(all.size());
    for (const auto& x : all)
      taken.push_back(x->standing());
    const auto found = who_makes_room(taken, newcomer.standing().source);
    if (found)
      all[*found]->close();
    return found.has_value();
  }

  std::unique_ptr<listening_socket> socket_; ///< its file, once accepting
  endpoint local_;
  const std::shared_ptr<session_parts> parts_;
  asio::basic_socket_acceptor<stream_protocol> acceptor_;
  asio::steady_timer pause_;
  std::unordered_set<std::shared_ptr<http_session>> sessions_;
  bool stopped_ = false;
};

class asio_http_server : public http_server {
public:
  explicit asio_http_server(std::shared_ptr<acceptor> x)
    : acceptor_(std::move(x)) {
    acceptor_->accept();
  }
  ~asio_http_server() override { acceptor_->shut_down(); }

  endpoint local_endpoint() const override { return acceptor_->local(); }
  void stop() override { acceptor_->stop(); }

private:
  std::shared_ptr<acceptor> acceptor_;
};

} // namespace

std::unique_ptr<http_server> listen(asio::io_context& loop,
                                    const endpoint& address,
                                    head_handler decide,
                                    const http_limits& limits) {
  return std::make_unique<asio_http_server>(
    std::make_shared<acceptor>(loop, address, std::move(decide), limits));
}

} // namespace troupe::admin
