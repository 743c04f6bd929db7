// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/service_notices.hpp"

#include "core/one_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <systemd/sd-daemon.h>

namespace troupe::daemon {

namespace {

constexpr size_t status_bytes_max = 300;

std::string counted(size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

milliseconds watchdog_interval() {
  uint64_t us = 0;
  if (::sd_watchdog_enabled(0, &us) <= 0)
    return milliseconds{0};
  return milliseconds{std::max<uint64_t>(us / 2'000, 1)};
}

} // namespace

service_notices::service_notices(boost::asio::io_context& loop)
  : timer_(loop), interval_(watchdog_interval()) {
  if (interval_.count() > 0)
    arm();
}

void service_notices::arm() {
  ::sd_notify(0, "WATCHDOG=1");
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec)
      arm();
  });
}

void service_notices::tell(std::string_view state,
                           std::string_view status) const {
  // A line break would begin another assignment.
  const auto line = one_line(status, status_bytes_max);
  ::sd_notify(0, fmt::format("{}STATUS={}", state, line).c_str());
}

void service_notices::configured(const settings& running, uint64_t generation) {
  size_t servers = 0;
  for (const auto& backend : running.backends)
    servers += backend.servers.size();
  running_ = fmt::format("generation {} is running: {}, {}, {}", generation,
                         counted(running.frontends.size(), "frontend"),
                         counted(running.backends.size(), "backend"),
                         counted(servers, "server"));
  tell("", running_);
}

void service_notices::ready() { tell("READY=1\n", running_); }

void service_notices::reload_began() {
  if (stopping_)
    return;
  // systemd is of the same clock, and tells by it an old notice from a new one.
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
    std::chrono::steady_clock::now().time_since_epoch());
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n", now.count()),
       running_ + "; reloading");
}

void service_notices::reload_ended(const actors::reload_result& result) {
  if (stopping_)
    return;
  if (result.ok || result.problems.empty())
    return ready();
  tell("READY=1\n", fmt::format("{}; the last reload was refused: {}", running_,
                                result.problems.front()));
}

void service_notices::stopping(milliseconds limit) {
  stopping_ = true;
  tell("", fmt::format("stopping: requests under way may take {} ms",
                       limit.count()));
}

void service_notices::stopped() {
  timer_.cancel();
  tell("STOPPING=1\n", "no client is served any more");
}

} // namespace troupe::daemon
