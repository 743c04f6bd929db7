// SPDX-License-Identifier: BSD-3-Clause
#include "net/loop/loop.hpp"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address))
#endif

namespace troupe::net {

loop::loop(uint64_t buffers_max, descriptor_share share)
  : now_(clock::now()), timers_(now_), buffers_(buffers_max),
    pipes_(share.pipes), idle_connections_(share.idle_connections),
    scratch_(new char[scratch_bytes]),
    wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), second_began_(now_) {
  if (wake_fd_ < 0)
    throw std::system_error{errno, std::generic_category(), "eventfd"};
  poller_.add(wake_fd_, EPOLLIN | EPOLLET, *this);
}

loop::~loop() {
  ASAN_UNPOISON_MEMORY_REGION(scratch_.get(), scratch_bytes);
  ::close(wake_fd_);
}

void loop::run(const std::function<work_state()>& work) {
  auto state = work_state::more;
  while (state != work_state::done) {
    // What `now_` lags behind here only makes the wait a little longer.
    const bool busy = state == work_state::more || !ready_.empty()
                   || woken_.load(std::memory_order_acquire);
    const auto timeout = busy ? 0 : timers_.timeout_ms(now_);
    ++turn_;
    poller_.wait(timeout, [this] { now_ = clock::now(); });
    // An exchange, not a store: work() must see what was queued before the
    // wake() that this one swallows.
    woken_.exchange(false, std::memory_order_acq_rel);
    if (has_requested_.load(std::memory_order_acquire))
      take_requested();
    run_ready();
    timers_.advance(now_);
    note_buffers();
    state = work();
    const auto end = clock::now();
    note_turn(end);
    now_ = end;
  }
}

void loop::wake() noexcept {
  if (!woken_.exchange(true, std::memory_order_acq_rel)) {
    const uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(wake_fd_, &one, sizeof one);
  }
}

void loop::request_turn(uint64_t client) {
  {
    const std::lock_guard guard{requested_mutex_};
    requested_.push_back(client);
    has_requested_.store(true, std::memory_order_release);
  }
  wake();
}

void loop::take_requested() {
  const std::lock_guard guard{requested_mutex_};
  for (const auto client : requested_)
    ready_.push_back(to_token(client));
  requested_.clear();
  has_requested_.store(false, std::memory_order_relaxed);
}

void loop::on_io(uint32_t) {
  // Edge-triggered: the count need not be read. It is 64 bits wide.
}

void loop::run_ready() {
  running_.swap(ready_);
  for (const auto token : running_)
    if (auto* client = timers_.find(token))
      client->on_ready();
  running_.clear();
}

char* loop::scratch() noexcept {
  ASAN_UNPOISON_MEMORY_REGION(scratch_.get(), scratch_bytes);
  return scratch_.get();
}

void loop::poison_scratch() noexcept {
  ASAN_POISON_MEMORY_REGION(scratch_.get(), scratch_bytes);
}

void loop::note_buffers() {
  if (!buffers_scarce_) {
    buffers_scarce_ = buffers_.pressure() != buffer_pool::level::normal;
    if (buffers_scarce_ && buffer_watcher_)
      make_ready(*buffer_watcher_);
  } else {
    buffers_scarce_ = !buffers_.relaxed();
  }
}

void loop::note_turn(time_point end) noexcept {
  using std::chrono::microseconds;
  const auto took =
    std::chrono::duration_cast<microseconds>(end - now_).count();
  longest_us_ = std::max(longest_us_, static_cast<uint64_t>(took));
  if (end - second_began_ >= std::chrono::seconds{1}) {
    stall_us_.set(longest_us_);
    longest_us_ = 0;
    second_began_ = end;
  }
}

} // namespace troupe::net
