// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/admin_thread.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace troupe::daemon {

admin_thread::admin_thread() = default;

admin_thread::~admin_thread() {
  loop_.stop();
  if (thread_.joinable())
    thread_.join();
}

void admin_thread::start() {
  thread_ = std::thread{[this] { loop_.run(); }};
}

void admin_thread::join(std::function<void()> last) {
  boost::asio::post(loop_, [this, last = std::move(last)] {
    last();
    stalls_.stop();
    keep_running_.reset();
  });
  thread_.join();
}

} // namespace troupe::daemon
