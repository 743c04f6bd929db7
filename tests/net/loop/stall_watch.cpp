// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_stall_watch
#include "caf_test.hpp"

#include "net/loop/stall_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <thread>

using namespace std::chrono_literals;
using namespace troupe::net;

CAF_TEST(a handler that blocks shows as long as it lasted) {
  boost::asio::io_context loop;
  stall_watch watch{loop};
  boost::asio::post(loop, [] { std::this_thread::sleep_for(700ms); });
  const auto end = troupe::clock::now() + 20s;
  while (watch.stall_us().get() < 300'000 && troupe::clock::now() < end)
    loop.run_one();
  CAF_CHECK(watch.stall_us().get() >= 300'000u);
  // And is forgotten in the seconds after it.
  while (watch.stall_us().get() >= 300'000 && troupe::clock::now() < end)
    loop.run_one();
  CAF_CHECK(watch.stall_us().get() < 300'000u);
  watch.stop();
  loop.run();
}
