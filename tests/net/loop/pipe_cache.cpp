// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_pipe_cache
#include "caf_test.hpp"

#include "net/loop/pipe_cache.hpp"
#include "net/sockets.hpp"

#include <memory>
#include <vector>

using namespace troupe::net;

CAF_TEST(an empty pipe that came back is handed out again) {
  pipe_cache pipes{8};
  const auto pipe = pipes.take();
  CAF_REQUIRE(pipe.has_value());
  pipes.give_back(*pipe, true);
  const auto again = pipes.take();
  CAF_REQUIRE(again.has_value());
  CAF_CHECK_EQUAL(again->read, pipe->read);
  pipes.give_back(*again, true);
}

CAF_TEST(a pipe with bytes in it never meets another stream) {
  pipe_cache pipes{8};
  const auto pipe = pipes.take();
  CAF_REQUIRE(pipe.has_value());
  CAF_REQUIRE_EQUAL(::write(pipe->write, "secret", 6), 6);
  pipes.give_back(*pipe, false);
  const auto next = pipes.take();
  CAF_REQUIRE(next.has_value());
  char byte = 0;
  CAF_CHECK_EQUAL(::read(next->read, &byte, 1), -1);
  pipes.give_back(*next, true);
}

CAF_TEST(a loop holds no more pipes than its share and closes them all) {
  const auto before = open_pipe_ends();
  {
    pipe_cache pipes{8};
    std::vector<pipe_ends> taken;
    while (const auto pipe = pipes.take())
      taken.push_back(*pipe);
    CAF_CHECK_EQUAL(taken.size(), 8u);
    CAF_CHECK(!pipes.take().has_value());
    pipes.give_back(taken.back(), false); // closed: makes room for a new one
    taken.back() = pipes.take().value();
    CAF_CHECK(!pipes.take().has_value());
    for (const auto pipe : taken)
      pipes.give_back(pipe, true);
    CAF_CHECK_EQUAL(open_pipe_ends(), before + 2 * 8u);
  }
  CAF_CHECK_EQUAL(open_pipe_ends(), before);
}
