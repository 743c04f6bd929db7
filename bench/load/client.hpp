// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "exchange.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cmath>
#include <optional>

namespace load {

/// When the exchanges of one connection are due. With a rate the plan is fixed
/// before the first byte: a slow reply delays what follows, and the delay
/// counts (no coordinated omission).
class schedule {
public:
  schedule(const plan& x, size_t index, load_clock::time_point begin)
    : rate_(x.rate), connections_(x.connections), next_(index), begin_(begin) {}

  load_clock::time_point due(load_clock::time_point now) {
    if (rate_ <= 0)
      return now;
    const auto at =
      std::chrono::duration<double>{static_cast<double>(next_) / rate_};
    next_ += connections_;
    return begin_ + std::chrono::duration_cast<load_clock::duration>(at);
  }

private:
  double rate_;
  size_t connections_;
  size_t next_;
  load_clock::time_point begin_;
};

inline bool has_ended(tcp::socket& socket) {
  char byte = 0;
  return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/// One connection after the other, until the time is over.
inline nothing run_client(const plan& x, run& seen, size_t index) {
  auto work = make_exchange(x);
  schedule times{x, index, seen.begin};
  asio::steady_timer pause{co_await asio::this_coro::executor};
  std::optional<tcp::socket> socket;
  for (;;) {
    const auto due = times.due(load_clock::now());
    if (due >= seen.end)
      co_return;
    if (due > load_clock::now()) {
      pause.expires_at(due);
      co_await pause.async_wait(asio::use_awaitable);
    }
    if (x.rate > 0 && socket && has_ended(*socket)) {
      ++seen.reopened;
      socket.reset();
      work = make_exchange(x);
    }
    try {
      if (!socket)
        socket = co_await open(x);
      co_await work->once(*socket);
      seen.times.add(load_clock::now() - due);
      if (work->closes()) {
        socket.reset();
        work = make_exchange(x);
      }
    } catch (const std::exception&) {
      ++seen.failed;
      socket.reset();
      work = make_exchange(x);
    }
  }
}

} // namespace load
