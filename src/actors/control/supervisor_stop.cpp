// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/supervisor.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"

namespace troupe::actors {

void supervisor::stop(const stop_node&) {
  if (!running_) { // still starting: nobody is served yet
    stopping_ = true;
    return stop_workers(milliseconds{0});
  }
  const auto& global = running_->global;
  if (std::exchange(stopping_, true)) {
    journal::warn(event_kind::daemon, "",
                  "stopping at once, because of a second signal");
    return stop_workers(milliseconds{0});
  }
  journal::info(event_kind::daemon, "",
                "stopping: {} ms until listeners close, then at most {} ms for "
                "requests under way",
                global.stop_delay.count(), global.drain_timeout.count());
  tell_readiness();
  if (cluster_)
    send(cluster_->membership(), leave_cluster{});
  const auto drain_ms = static_cast<uint64_t>(global.drain_timeout.count());
  if (global.stop_delay.count() == 0)
    stop_workers(global.drain_timeout);
  else
    delayed_send(this, global.stop_delay, stop_step{drain_ms});
}

void supervisor::stop_workers(milliseconds drain_timeout) {
  socket_files_.clear();
  for (const auto& worker : workers_)
    send(worker, stop_worker{drain_timeout});
}

void supervisor::worker_ended(const worker_stopped& message) {
  log::debug("worker {} has ended", message.index);
  if (--workers_left_ > 0)
    return;
  end_children();
  auto stopped = std::move(parts_.stopped);
  quit();
  stopped();
}

void supervisor::end_children() {
  const auto reason = caf::exit_reason::user_shutdown;
  for (auto& [name, entry] : backends_) {
    send_exit(entry.router, reason);
    send_exit(entry.health, reason);
  }
  send_exit(admin_, reason);
  if (config_)
    send_exit(config_, reason);
  send_exit(metrics_, reason);
  if (cluster_)
    cluster_->end();
}

} // namespace troupe::actors
