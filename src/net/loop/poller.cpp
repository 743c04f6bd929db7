// SPDX-License-Identifier: BSD-3-Clause
#include "net/loop/poller.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>

namespace troupe::net {

namespace {

uint64_t pack(io_token token) noexcept {
  return uint64_t{token.generation} << 32 | token.slot;
}

} // namespace

poller::poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0)
    throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  ready_.resize(events_max);
}

poller::~poller() { ::close(fd_); }

io_token poller::add(int fd, uint32_t events, io_sink& sink) {
  if (free_.empty()) {
    slots_.emplace_back();
    free_.push_back(static_cast<uint32_t>(slots_.size() - 1));
  }
  const uint32_t index = free_.back();
  const io_token token{index, slots_[index].generation};
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(token);
  if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  free_.pop_back();
  slots_[index].sink = &sink;
  slots_[index].untold = 0;
  return token;
}

void poller::forget(io_token token) noexcept {
  auto& slot = slots_[token.slot];
  if (slot.generation != token.generation)
    return;
  slot.sink = nullptr;
  ++slot.generation;
  free_.push_back(token.slot); // never grows beyond slots_: see add()
}

void poller::hand_over(io_token token, io_sink& sink) noexcept {
  auto& slot = slots_[token.slot];
  if (slot.generation == token.generation)
    slot.sink = &sink;
}

void poller::detach(int fd, io_token token) noexcept {
  ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
  forget(token);
}

int poller::collect(int timeout_ms) {
  std::array<epoll_event, events_max> events;
  const int count = ::epoll_wait(fd_, events.data(), events_max, timeout_ms);
  for (int i = 0; i < count; ++i) {
    const auto data = events[i].data.u64;
    ready_[i] = {data, events[i].events};
    auto& slot = slots_[static_cast<uint32_t>(data)];
    if (slot.generation == data >> 32)
      slot.untold = events[i].events;
  }
  heard_all_ = count < events_max;
  return count < 0 ? 0 : count;
}

void poller::dispatch(int index) {
  const auto [data, events] = ready_[index];
  auto& slot = slots_[static_cast<uint32_t>(data)];
  if (slot.sink == nullptr || slot.generation != data >> 32)
    return;
  slot.untold = 0;
  slot.sink->on_io(events);
}

} // namespace troupe::net
