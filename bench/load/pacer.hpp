// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "exchange.hpp"

#include <boost/asio/post.hpp>

#include <functional>
#include <vector>

namespace load {

/// When exchanges are due: of connection i the first at i / rate, then every
/// connections / rate seconds. The plan is fixed before the first byte: a slow
/// reply delays what follows, and the delay counts (no coordinated omission).
///
/// It looks at the clock without a pause: a timer for each exchange costs more
/// than the exchange, and sleeps are too long by what the kernel likes.
class pacer {
public:
  pacer(const plan& x, const run& seen)
    : rate_(x.rate), begin_(seen.begin), end_(seen.end),
      waiting_(x.connections) {}

  bool paces() const noexcept { return rate_ > 0; }

  /// @param nth Exchange of all connections together, from 0.
  load_clock::time_point due(size_t nth) const {
    const std::chrono::duration<double> at{static_cast<double>(nth) / rate_};
    return begin_ + std::chrono::duration_cast<load_clock::duration>(at);
  }

  /// Until the next exchange of this connection is due.
  nothing wait(size_t connection) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [&](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        waiting_[connection] = [shared] { std::move (*shared)(); };
      },
      asio::use_awaitable);
  }

  /// Wakes whoever waits, to the end of the run.
  nothing drive() {
    const auto executor = co_await asio::this_coro::executor;
    for (size_t nth = 0; due(nth) < end_; ++nth) {
      while (load_clock::now() < due(nth))
        co_await asio::post(executor, asio::use_awaitable);
      wake(nth % waiting_.size());
    }
    for (size_t i = 0; i < waiting_.size(); ++i)
      wake(i);
  }

private:
  void wake(size_t connection) {
    if (const auto go = std::exchange(waiting_[connection], nullptr))
      go();
  }

  double rate_;
  load_clock::time_point begin_;
  load_clock::time_point end_;
  std::vector<std::function<void()>> waiting_; ///< by connection
};

} // namespace load
