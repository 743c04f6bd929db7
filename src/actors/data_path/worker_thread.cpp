// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/worker_thread.hpp"

#include <pthread.h>

namespace troupe::actors {

worker_thread::worker_thread(caf::actor_system& system, unsigned index,
                             uint64_t buffers_max, net::access_log& log,
                             connection_limit& limit, uint64_t seed,
                             descriptor_share share)
  : loop_(buffers_max, share),
    host_(system, "worker " + std::to_string(index), [this] { wake(); }),
    state_(loop_, index, log, limit, seed) {}

worker_thread::~worker_thread() { join(); }

worker_actor worker_thread::spawn(supervisor_actor supervisor) {
  return spawn_on<worker>(host_, state_, std::move(supervisor));
}

void worker_thread::start() {
  thread_ = std::thread{[this] { run(); }};
  const auto name = "troupe-w" + std::to_string(state_.context.services.index);
  ::pthread_setname_np(thread_.native_handle(), name.c_str());
}

void worker_thread::join() {
  joining_.store(true, std::memory_order_release);
  loop_.wake();
  if (thread_.joinable())
    thread_.join();
}

void worker_thread::wake() noexcept {
  // A turn of the loop ends with the actors' work: what this thread itself
  // asks for needs no event.
  if (!host_.on_this_thread())
    loop_.wake();
}

void worker_thread::run() {
  using work_state = net::loop::work_state;
  host_.bind_thread();
  std::vector<caf::strong_actor_ptr> ended;
  loop_.run([&] {
    host_.run();
    ended.swap(state_.context.ended);
    ended.clear();
    state_.context.parked.trim_if_due(loop_.now());
    if (host_.has_jobs())
      return work_state::more;
    const bool done =
      joining_.load(std::memory_order_acquire) && host_.size() == 0;
    return done ? work_state::done : work_state::idle;
  });
}

} // namespace troupe::actors
