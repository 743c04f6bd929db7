// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/loop/stall_watch.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <future>
#include <thread>

namespace troupe::daemon {

/// The loop of the HTTP servers for admin and metrics, on a thread of its own:
/// whatever strangers ask of it, the control loop does not wait (decision
/// 0015).
class admin_thread {
public:
  admin_thread();
  /// Ends the thread at once if it was not joined.
  ~admin_thread();
  admin_thread(const admin_thread&) = delete;
  admin_thread& operator=(const admin_thread&) = delete;

  boost::asio::io_context& loop() noexcept { return loop_; }
  const net::stall_watch& stalls() const noexcept { return stalls_; }

  void start();

  /// Runs `last` on the loop, which has to end everything there; then joins. A
  /// second later the loop ends whatever is left: no stranger holds up a stop.
  void join(std::function<void()> last);

private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    keep_running_{loop_.get_executor()};
  net::stall_watch stalls_{loop_};
  std::promise<void> ended_;
  std::thread thread_;
};

} // namespace troupe::daemon
