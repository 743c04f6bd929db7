// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "connection.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <netinet/tcp.h>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

/// One thread's epoll loop: accepts on one listening socket and drives the
/// connections it accepted.
namespace test_server {

class worker {
public:
  using session_factory = std::function<std::unique_ptr<session>()>;

  /// @param listener A listening, non-blocking socket; taken over.
  worker(int listener, session_factory make)
    : listener_(listener), make_(std::move(make)) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = listener_key}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0)
      throw std::system_error(errno, std::system_category(), "epoll_ctl");
  }

  /// Never returns.
  [[noreturn]] void run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      auto n = ::epoll_wait(epoll_, events.data(), 256, patience_ms());
      for (int i = 0; i < n; ++i)
        on_event(events[static_cast<size_t>(i)]);
      for (auto key : std::exchange(ready_, {}))
        advance(key);
      fire_timers();
    }
  }

private:
  using clock = std::chrono::steady_clock;
  static constexpr uint64_t listener_key = 0;

  struct member {
    std::unique_ptr<connection> link;
    clock::time_point due{}; ///< of its timer; zero is none
  };

  int patience_ms() const {
    if (!ready_.empty())
      return 0;
    if (timers_.empty())
      return -1;
    auto left = timers_.begin()->first - clock::now();
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::max<int64_t>(0, ms));
  }

  void on_event(const epoll_event& event) {
    if (event.data.u64 == listener_key) {
      accept_some();
      return;
    }
    auto found = members_.find(event.data.u64);
    if (found == members_.end())
      return;
    found->second.link->note(event.events);
    advance(event.data.u64);
  }

  void accept_some() {
    for (int i = 0; i < 16; ++i) {
      auto fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0)
        return;
      int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto key = ++last_key_;
      members_[key].link = std::make_unique<connection>(fd, make_(), scratch_);
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                        .data = {.u64 = key}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void advance(uint64_t key) {
    auto found = members_.find(key);
    if (found == members_.end())
      return;
    auto& [link, due] = found->second;
    auto outcome = link->advance();
    if (outcome == connection::outcome::over) {
      members_.erase(found);
      return;
    }
    if (outcome == connection::outcome::more)
      ready_.push_back(key);
    if (auto delay = link->take_wanted_timer(); delay.count() >= 0) {
      due = clock::now() + delay;
      timers_.emplace(due, key);
    }
  }

  void fire_timers() {
    if (timers_.empty())
      return;
    auto now = clock::now();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      auto [due, key] = *timers_.begin();
      timers_.erase(timers_.begin());
      auto found = members_.find(key);
      if (found == members_.end() || found->second.due != due)
        continue;
      found->second.due = {};
      found->second.link->timer_fired();
      advance(key);
    }
  }

  int listener_;
  int epoll_ = ::epoll_create1(0);
  session_factory make_;
  std::vector<char> scratch_ = std::vector<char>(64 * 1024);
  std::unordered_map<uint64_t, member> members_;
  std::vector<uint64_t> ready_; ///< connections whose turn was over early
  std::multimap<clock::time_point, uint64_t> timers_;
  uint64_t last_key_ = listener_key;
};

} // namespace test_server
