// SPDX-License-Identifier: BSD-3-Clause
// The operator's command line: one verb, one or more calls of the admin API.
#include "ctl/run.hpp"
#include "ctl/socket_api.hpp"
#include "ctl/top/live_screen.hpp"

#include <iostream>
#include <thread>
#include <unistd.h>

namespace {

std::optional<std::string> ask_terminal(const std::string& question) {
  if (::isatty(STDIN_FILENO) == 0)
    return std::nullopt;
  std::cerr << question << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

} // namespace

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
    ask_terminal,
    {},
  };
  if (world.out_screen.paintable && ::isatty(STDIN_FILENO) == 1)
    world.open_screen = ctl::top::open_terminal;
  return static_cast<int>(ctl::run(argc, argv, world));
}
