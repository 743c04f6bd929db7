// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/cluster_actors.hpp"
#include "actors/cluster/shared_config.hpp"
#include "config/load.hpp"
#include "daemon/arguments.hpp"
#include "storage/state_dir.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::daemon {

/// The state that a node of a cluster finds on its disk, and the configuration
/// it starts with: the last committed record it knows, else its own file.
class cluster_start {
public:
  /// Opens `state_dir` and reads what is there. Blocks. A file of a later
  /// version is an error.
  /// @throws std::runtime_error, a sentence for the operator.
  /// @param user See os/service_user.hpp.
  cluster_start(const arguments& args, const config::loaded& own,
                os::user_ptr user);

  /// The configuration to begin with.
  const std::shared_ptr<const settings>& initial() const noexcept {
    return running_.settings;
  }

  /// @param make_links See actors::membership_parts.
  actors::cluster_parts
  parts(std::function<void(std::function<void()>)> run_blocking,
        std::function<std::shared_ptr<actors::peer_links>(actors::link_events&)>
          make_links);

private:
  void begin_with_record(const actors::state_read& state);

  const arguments& args_;
  const cluster_settings settings_;
  storage::state_dir directory_;
  storage::state_file register_file_;
  storage::state_file history_file_;
  storage::state_file operators_file_;
  storage::state_file verdicts_file_;
  const uint64_t incarnation_;
  std::shared_ptr<const actors::file_reading> file_;
  actors::running_shared running_;
  std::shared_ptr<const cluster::config_register::record> committed_;
};

} // namespace troupe::daemon
