// SPDX-License-Identifier: BSD-3-Clause

// troupe-backend: a small, quick server for tests and benchmarks, which can
// answer, delay, fail, reset, stream and echo on demand. The paths it knows
// are the table in routes.hpp.

#include "routes.hpp"
#include "statistics.hpp"
#include "tcp_session.hpp"
#include "worker.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/un.h>
#include <thread>

namespace {

struct options {
  std::string listen = "127.0.0.1:0";
  std::string name = "server";
  std::string port_file;
  std::string mode = "http";
  unsigned workers = 1;
  uint64_t bytes = 1 << 20;
  int backlog = 4096;
  bool fail_health = false;
};

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

int bind_unix(const std::string& path) {
  auto fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail(path);
  return fd;
}

int bind_tcp(const std::string& host, uint16_t port, bool shared) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared)
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1
      || ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail(fmt::format("{}:{}", host, port));
  return fd;
}

uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// One listening socket a worker, all on one address.
std::vector<int> open_listeners(options& wanted) {
  std::vector<int> result;
  if (wanted.listen.starts_with("unix:")) {
    result.push_back(bind_unix(wanted.listen.substr(5)));
  } else {
    auto colon = wanted.listen.rfind(':');
    auto host = wanted.listen.substr(0, colon);
    auto port = test_server::to_number(
      colon == std::string::npos ? "" : wanted.listen.substr(colon + 1));
    if (!port || *port > 65'535)
      throw std::runtime_error("--listen: expected IPv4:port or unix:/path");
    for (unsigned i = 0; i < wanted.workers; ++i) {
      result.push_back(
        bind_tcp(host, static_cast<uint16_t>(*port), wanted.workers > 1));
      port = port_of(result.front());
    }
    wanted.listen = fmt::format("{}:{}", host, *port);
  }
  for (auto fd : result)
    if (::listen(fd, wanted.backlog) != 0)
      fail(wanted.listen);
  return result;
}

/// Tells whoever waits for it that connections are welcome.
void announce(const options& chosen) {
  if (!chosen.port_file.empty()) {
    auto temporary = chosen.port_file + ".new";
    std::ofstream{temporary}
      << chosen.listen.substr(chosen.listen.rfind(':') + 1) << '\n';
    std::filesystem::rename(temporary, chosen.port_file);
  }
  fmt::print("listening on {}\n", chosen.listen);
  std::fflush(stdout);
}

/// Wraps an HTTP session to count its connection.
class counted_http_session : public test_server::http_session {
public:
  counted_http_session(std::string_view name, test_server::statistics& seen)
    : http_session(name, seen) {
    ++seen.connections;
    ++seen.open;
  }
  ~counted_http_session() override { --seen().open; }
};

test_server::worker::session_factory
sessions_of(const options& chosen, test_server::statistics& seen) {
  if (chosen.mode == "tcp-echo")
    return [] { return std::make_unique<test_server::tcp_echo>(""); };
  if (chosen.mode == "tcp-greet")
    return [&chosen] {
      return std::make_unique<test_server::tcp_echo>(
        fmt::format("hello from {}\n", chosen.name));
    };
  if (chosen.mode == "tcp-sink")
    return [] { return std::make_unique<test_server::tcp_sink>(); };
  if (chosen.mode == "tcp-source")
    return [&chosen] {
      return std::make_unique<test_server::tcp_source>(chosen.bytes);
    };
  return [&chosen, &seen] {
    return std::make_unique<counted_http_session>(chosen.name, seen);
  };
}

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

[[noreturn]] void serve(options& chosen) {
  raise_descriptor_limit();
  test_server::statistics seen;
  if (chosen.fail_health)
    seen.health = 503;
  auto make = sessions_of(chosen, seen);
  auto listeners = open_listeners(chosen);
  announce(chosen);
  std::vector<std::jthread> others;
  for (size_t i = 1; i < listeners.size(); ++i)
    others.emplace_back(
      [&make, fd = listeners[i]] { test_server::worker(fd, make).run(); });
  test_server::worker(listeners[0], make).run();
}

} // namespace

int main(int argc, char** argv) {
  options chosen;
  CLI::App app{"A server for tests: answers, delays, fails, resets, streams"};
  app.add_option("--listen", chosen.listen, "IPv4:port (0: any) or unix:/path");
  app.add_option("--name", chosen.name, "its name in responses");
  app.add_option("--port-file", chosen.port_file,
                 "file to write when it listens");
  app.add_option("--mode", chosen.mode)
    ->check(CLI::IsMember(
      {"http", "tcp-echo", "tcp-greet", "tcp-sink", "tcp-source"}));
  app.add_option("--workers", chosen.workers)->check(CLI::Range(1, 64));
  app.add_option("--bytes", chosen.bytes, "how many bytes tcp-source sends");
  app.add_option("--backlog", chosen.backlog, "the backlog of listen(2)");
  app.add_flag("--fail-health", chosen.fail_health, "let /health answer 503");
  CLI11_PARSE(app, argc, argv);
  try {
    serve(chosen);
  } catch (const std::exception& error) {
    fmt::print(stderr, "troupe-backend: {}\n", error.what());
    return 1;
  }
}
