// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/admin_thread.hpp"

#include "actors/events/log.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <utility>

namespace troupe::daemon {

namespace {

constexpr std::chrono::seconds patience{1};

} // namespace

admin_thread::admin_thread() = default;

admin_thread::~admin_thread() {
  loop_.stop();
  if (thread_.joinable())
    thread_.join();
}

void admin_thread::start() {
  thread_ = std::thread{[this] {
    loop_.run();
    ended_.set_value();
  }};
}

void admin_thread::join(std::function<void()> last) {
  boost::asio::post(loop_, [this, last = std::move(last)] {
    last();
    stalls_.stop();
    keep_running_.reset();
  });
  if (ended_.get_future().wait_for(patience) == std::future_status::timeout) {
    log::warn(
      "admin: some requests are still under way; they end with this process");
    loop_.stop();
  }
  thread_.join();
}

} // namespace troupe::daemon
