// SPDX-License-Identifier: BSD-3-Clause
// Load for bench/table, where wrk has no such kind: a fixed rate, whose delays
// count from when a request was due, and TCP. Prints one JSON object.
#include "client.hpp"
#include "stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>

namespace {

using namespace load;

tcp::endpoint parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos)
    throw std::runtime_error("expected ADDRESS:PORT");
  return {asio::ip::make_address(text.substr(0, colon)),
          static_cast<uint16_t>(std::stoul(text.substr(colon + 1)))};
}

void start(asio::io_context& loop, const plan& x, run& seen, pacer& pace,
           size_t index) {
  const auto ended = [&seen](const std::exception_ptr& x) {
    if (x)
      ++seen.failed;
  };
  if (x.kind == "stream")
    asio::co_spawn(loop, run_stream(x, seen), ended);
  else
    asio::co_spawn(loop, run_client(x, seen, pace, index), ended);
}

/// Of a second each.
constexpr double parts_a_second = 4;

void print(const plan& wanted, run& seen) {
  const std::chrono::duration<double> took = load_clock::now() - seen.begin;
  const auto parts = std::ceil(wanted.seconds * parts_a_second);
  auto in_parts = seen.times.parts(static_cast<size_t>(parts));
  auto result = seen.times.summary();
  result["parts"] = std::move(in_parts);
  result["count"] = seen.times.count();
  result["failed"] = seen.failed;
  result["reopened"] = seen.reopened;
  result["bytes"] = seen.bytes;
  result["seconds"] = took.count();
  std::puts(boost::json::serialize(result).c_str());
}

} // namespace

int main(int argc, char** argv) {
  plan wanted;
  std::string to;
  CLI::App app{"Load of a fixed rate, or over TCP, for bench/table"};
  app.add_option("KIND", wanted.kind)
    ->required()
    ->check(CLI::IsMember({"http", "http-close", "echo", "connect", "stream"}));
  app.add_option("ADDRESS:PORT", to)->required();
  app.add_option("--target", wanted.target, "path, for http");
  app.add_option("--connections", wanted.connections)
    ->check(CLI::PositiveNumber);
  app.add_option("--seconds", wanted.seconds)->check(CLI::PositiveNumber);
  app.add_option("--rate", wanted.rate,
                 "exchanges a second in all; 0: as fast as replies come");
  app.add_option("--bytes", wanted.bytes, "a message, or a block of a stream")
    ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    wanted.to = parse_endpoint(to);
    asio::io_context loop{1};
    run seen;
    seen.begin = load_clock::now();
    seen.end = seen.begin
             + std::chrono::duration_cast<load_clock::duration>(
                 std::chrono::duration<double>{wanted.seconds});
    pacer pace{wanted, seen};
    for (size_t i = 0; i < wanted.connections; ++i)
      start(loop, wanted, seen, pace, i);
    if (pace.paces())
      asio::co_spawn(loop, pace.drive(), asio::detached);
    loop.run();
    print(wanted, seen);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-load: %s\n", error.what());
    return 1;
  }
}
