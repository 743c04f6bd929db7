// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/watchdog.hpp"
#include "actors/events/log.hpp"

#include <cstdlib>
#include <utility>

namespace troupe::daemon {

watchdog::~watchdog() {
  {
    std::lock_guard guard{mutex_};
    done_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void watchdog::start(milliseconds limit,
                     std::function<std::string()> leftovers) {
  if (thread_.joinable())
    return;
  thread_ = std::thread{[this, limit, leftovers = std::move(leftovers)] {
    std::unique_lock lock{mutex_};
    if (stopped_.wait_for(lock, limit, [this] { return done_; }))
      return;
    log::critical("the stop took longer than {} ms; still running: {}",
                  limit.count(), leftovers());
    std::_Exit(EXIT_FAILURE);
  }};
}

} // namespace troupe::daemon
