// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "caf_test.hpp"
#undef allow // CAF's test kit takes the word: restart_limit has it, too

#include "actors/runtime/control_scheduler.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <memory>
#include <type_traits>

namespace troupe::actors {

/// An actor system as the daemon has it, its control loop run by the test.
class system_fixture {
public:
  system_fixture() : system_(make_system(config_, loop)), system(*system_) {
    control_host(system).bind_thread();
  }
  system_fixture(const system_fixture&) = delete;
  system_fixture& operator=(const system_fixture&) = delete;

  virtual ~system_fixture() {
    // The system waits for its actors, which live on this very thread.
    CAF_CHECK(run_until([&] { return control_host(system).size() == 0; }));
  }

  /// Runs the control loop until `condition` holds.
  /// @returns false when it does not within twenty seconds.
  template <class F>
  bool run_until(F&& condition) {
    const auto deadline = clock::now() + std::chrono::seconds{20};
    while (!condition()) {
      if (clock::now() > deadline)
        return false;
      loop.run_one_for(std::chrono::milliseconds{2});
      attend();
    }
    return true;
  }

  boost::asio::io_context loop{1};

protected:
  /// The part of the world around the loop.
  virtual void attend() {}

private:
  static std::unique_ptr<caf::actor_system>
  make_system(caf::actor_system_config& config, boost::asio::io_context& loop) {
    use_control_scheduler(config, loop);
    return std::make_unique<caf::actor_system>(config);
  }

  /// An io_context that once ran out of work would not run again.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    keep_running_ = boost::asio::make_work_guard(loop);
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;

public:
  caf::actor_system& system;
};

} // namespace troupe::actors
