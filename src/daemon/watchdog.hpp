// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace troupe::daemon {

/// Ends the process when a stop takes longer than it may (rule 36): a hanging
/// actor must not keep a dead node alive.
class watchdog {
public:
  watchdog() = default;
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  /// Starts counting; later calls change nothing. After `limit` the process
  /// exits with 1, having logged what `leftovers` says.
  void start(milliseconds limit, std::function<std::string()> leftovers);

private:
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool done_ = false; // guarded
  std::thread thread_;
};

} // namespace troupe::daemon
