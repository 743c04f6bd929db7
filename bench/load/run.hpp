// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "latencies.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace load {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using load_clock = std::chrono::steady_clock;

/// What is to be done, as the command line says it.
struct plan {
  std::string kind;
  tcp::endpoint to;
  std::string target = "/";
  size_t connections = 64;
  double seconds = 4;
  double rate = 0; ///< exchanges a second in all; 0: as fast as replies come
  size_t bytes = 64;
};

/// What was seen, of all connections.
struct run {
  latencies times;
  uint64_t failed = 0;   ///< sent, and no whole good reply came
  uint64_t reopened = 0; ///< closed by the other side between two exchanges
  uint64_t bytes = 0;    ///< received, of streams
  load_clock::time_point begin;
  load_clock::time_point end;
};

} // namespace load
