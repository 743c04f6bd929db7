// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/data_path/worker.hpp"

#include <atomic>
#include <string>
#include <thread>

namespace troupe::actors {

/// One worker: a thread, its loop, its actor host, and the state its actors
/// share. Made, started and joined by main.
class worker_thread {
public:
  worker_thread(caf::actor_system& system, unsigned index, uint64_t buffers_max,
                net::access_log& log, connection_limit& limit, uint64_t seed,
                descriptor_share share = {});
  ~worker_thread();
  worker_thread(const worker_thread&) = delete;
  worker_thread& operator=(const worker_thread&) = delete;

  /// A worker actor on this thread's host; before or after start().
  worker_actor spawn(supervisor_actor supervisor);

  void start();

  /// Ends the thread once no actor lives on it any more, and joins it.
  void join();

  const actor_host& host() const noexcept { return host_; }
  net::loop& loop() noexcept { return loop_; }

private:
  void run();
  void wake() noexcept;

  net::loop loop_;
  actor_host host_;
  worker_state state_;
  std::atomic<bool> joining_{false};
  std::thread thread_;
};

} // namespace troupe::actors
