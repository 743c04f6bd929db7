// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/http/http_server.hpp"
#include "core/time.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace troupe::actors {

/// Answers `GET /metrics`. One text is made at a time, in slices between which
/// the loop does everything else. A text that took some work is shared: a
/// client that asks while it is made, or within a second, gets the same. One
/// that was cheap is never older than the question.
///
/// All but what `ask` is given runs on the loop.
class scrape_service : public std::enable_shared_from_this<scrape_service> {
public:
  /// Asks for the newest figures. The response comes on any thread and has a
  /// source to write from, or says why not; one that never comes is a 503.
  using ask_function = std::function<void(admin::responder)>;

  /// From this much processor time on a text is shared.
  static constexpr milliseconds worth_sharing{5};
  static constexpr milliseconds shared_for{1'000};
  /// Of texts which those who read slowly may hold; older ones are withdrawn.
  static constexpr size_t held_bytes_max = size_t{48} << 20;

  explicit scrape_service(boost::asio::io_context& loop);

  void scrape(admin::responder reply, ask_function ask);

  /// Forgets the text and the clients that wait for one.
  void close();

private:
  using text_ptr = std::shared_ptr<admin::chunked_text>;

  void begin();
  void take(admin::response x);
  void make_slice();
  void finish();
  void share();
  void withdraw_oldest();
  void deliver(const admin::response& x);
  void next();

  boost::asio::io_context& loop_;
  boost::asio::steady_timer forget_;
  struct request {
    admin::responder reply;
    ask_function ask;
  };
  std::vector<request> waiting_;
  size_t served_ = 0; ///< of them: asked before the text was begun
  bool busy_ = false;
  std::shared_ptr<admin::text_source> source_;
  text_ptr text_; ///< in the making
  std::chrono::nanoseconds cost_{0};
  text_ptr shared_; ///< for requests within a second
  std::deque<std::weak_ptr<admin::chunked_text>> held_;
};

} // namespace troupe::actors
