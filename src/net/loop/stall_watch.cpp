// SPDX-License-Identifier: BSD-3-Clause
#include "net/loop/stall_watch.hpp"

#include <algorithm>

namespace troupe::net {

namespace {

constexpr milliseconds interval{250};
constexpr unsigned ticks_a_second = 4;

milliseconds since_epoch(time_point x) noexcept {
  return std::chrono::duration_cast<milliseconds>(x.time_since_epoch());
}

} // namespace

stall_watch::stall_watch(boost::asio::io_context& loop) : timer_(loop) {
  arm();
}

void stall_watch::stop() { timer_.cancel(); }

milliseconds stall_watch::silence() const noexcept {
  return since_epoch(clock::now())
       - milliseconds{static_cast<milliseconds::rep>(armed_ms_.get())};
}

void stall_watch::arm() {
  const auto now = clock::now();
  armed_ms_.set(static_cast<uint64_t>(since_epoch(now).count()));
  due_ = now + interval;
  timer_.expires_at(due_);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec)
      return;
    using std::chrono::microseconds;
    const auto late =
      std::chrono::duration_cast<microseconds>(clock::now() - due_).count();
    longest_us_ =
      std::max(longest_us_, static_cast<uint64_t>(std::max(late, 0L)));
    stall_us_.set(std::max(stall_us_.get(), longest_us_)); // seen at once
    if (++ticks_ >= ticks_a_second) {
      stall_us_.set(longest_us_);
      longest_us_ = 0;
      ticks_ = 0;
    }
    arm();
  });
}

} // namespace troupe::net
