// SPDX-License-Identifier: BSD-3-Clause
// The operator's command line: one verb, one or more calls of the admin API.
#include "ctl/run.hpp"
#include "ctl/socket_api.hpp"

#include <iostream>
#include <thread>
#include <unistd.h>

int main(int argc, char** argv) {
  using namespace troupe;
  ctl::surroundings world{
    std::cout,
    std::cerr,
    ctl::screen_of(STDOUT_FILENO),
    ctl::screen_of(STDERR_FILENO),
    [](const std::string& socket) {
      return std::make_unique<ctl::socket_api>(socket);
    },
    [](milliseconds time) { std::this_thread::sleep_for(time); },
    clock::now,
  };
  return static_cast<int>(ctl::run(argc, argv, world));
}
