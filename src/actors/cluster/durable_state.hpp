// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"

#include <functional>
#include <string>

namespace troupe::actors {

/// The files of one step machine. The functions block, so `run_blocking` runs
/// them on the helper thread, one after another (rule 20).
struct durable_state {
  std::function<state_read()> read;
  std::function<state_written(const std::string& content)> write;
  /// Beside the state and without its promises; empty if there is none.
  std::function<void(const std::string& content)> write_history;
  std::function<void(std::function<void()>)> run_blocking;
};

} // namespace troupe::actors
