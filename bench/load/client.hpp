// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "pacer.hpp"

#include <optional>

namespace load {

inline bool has_ended(tcp::socket& socket) {
  char byte = 0;
  return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/// One connection after the other, until the time is over.
inline nothing run_client(const plan& x, run& seen, pacer& pace, size_t index) {
  auto work = make_exchange(x);
  std::optional<tcp::socket> socket;
  for (size_t nth = index;; nth += x.connections) {
    const auto due = pace.paces() ? pace.due(nth) : load_clock::now();
    if (due >= seen.end)
      co_return;
    if (due > load_clock::now())
      co_await pace.wait(index);
    if (pace.paces() && socket && has_ended(*socket)) {
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
