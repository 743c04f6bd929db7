// SPDX-License-Identifier: BSD-3-Clause
#include "net/transport/socket.hpp"

#include "os/last_error.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::net {

namespace {

void set_flag(int fd, int level, int option, int value = 1) noexcept {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

int open_socket(const endpoint& address) noexcept {
  return ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  0);
}

/// One bound TCP socket, or -1 with errno.
int bind_tcp(const endpoint& address, bool reuse_port, bool ipv4_too) noexcept {
  const int fd = open_socket(address);
  if (fd < 0)
    return -1;
  set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
  set_flag(fd, IPPROTO_TCP, TCP_NODELAY); // inherited by what is accepted
  if (address.family() == AF_INET6)
    set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv4_too ? 0 : 1);
  if (reuse_port)
    set_flag(fd, SOL_SOCKET, SO_REUSEPORT);
  if (::bind(fd, address.data(), address.size()) == 0)
    return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

result<std::vector<int>> bind_tcp_group(endpoint address, unsigned count,
                                        port_holder holder, bool ipv4_too) {
  // Two processes may share a port by SO_REUSEPORT without noticing.
  if (holder == port_holder::unknown) {
    const int probe = bind_tcp(address, false, ipv4_too);
    if (probe < 0 && errno == EADDRINUSE && ipv4_too)
      return bind_tcp_group(address, count, holder, false);
    if (probe < 0)
      return os::last_error();
    ::close(probe);
  }
  std::vector<int> group;
  while (group.size() < count) {
    const int fd = bind_tcp(address, true, ipv4_too);
    if (fd < 0) {
      const auto error = os::last_error();
      close_all(group);
      return error;
    }
    group.push_back(fd);
    if (address.port() == 0)
      address = local_endpoint(fd);
  }
  // With it, anybody who asks for SO_REUSEADDR could bind beside a group that
  // does not listen yet. Without it from the start, connections that linger
  // from an earlier process would be in the way.
  for (const int fd : group)
    set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 0);
  return group;
}

/// @returns true when the path is free to bind: nothing there, or a socket
/// that nobody listens on.
bool clear_stale_path(const endpoint& address) noexcept {
  const auto* path =
    reinterpret_cast<const sockaddr_un*>(address.data())->sun_path;
  struct stat info {};
  if (::lstat(path, &info) != 0)
    return errno == ENOENT;
  if (!S_ISSOCK(info.st_mode))
    return false;
  const int fd = open_socket(address);
  if (fd < 0)
    return false;
  const bool refused =
    ::connect(fd, address.data(), address.size()) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return refused && ::unlink(path) == 0;
}

result<std::vector<int>> bind_unix_group(const endpoint& address,
                                         unsigned count) {
  if (!clear_stale_path(address))
    return boost::system::error_code{EADDRINUSE,
                                     boost::system::system_category()};
  const int fd = open_socket(address);
  if (fd < 0)
    return os::last_error();
  std::vector<int> group{fd};
  // The file is born with the mode of the socket: nobody else's until it has
  // been given away.
  ::fchmod(fd, S_IRUSR | S_IWUSR);
  const bool bound = ::bind(fd, address.data(), address.size()) == 0;
  while (bound && group.size() < count) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
      break;
    group.push_back(copy);
  }
  if (bound && group.size() == count)
    return group;
  const auto error = os::last_error();
  close_all(group);
  return error;
}

/// As recv(): what one byte to read would come to.
ssize_t peek(int fd) noexcept {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

} // namespace

bool is_local_error(int error, int family) noexcept {
  switch (error) {
  case EADDRNOTAVAIL: // no port left for this destination
  case EAGAIN:        // nor for any
  case EACCES:        // a firewall of this host
  case EPERM:
  case ENETDOWN:
    return family != AF_UNIX;
  default:
    return is_out_of_resources(error);
  }
}

bool is_out_of_resources(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS
      || error == ENOMEM;
}

result<std::vector<int>> bind_group(const endpoint& address, unsigned count,
                                    port_holder holder, bool ipv4_too) {
  return address.family() == AF_UNIX
         ? bind_unix_group(address, count)
         : bind_tcp_group(address, count, holder,
                          ipv4_too && address.family() == AF_INET6);
}

boost::system::error_code listen_group(const std::vector<int>& descriptors) {
  for (const int fd : descriptors) {
    set_flag(fd, SOL_SOCKET, SO_REUSEADDR); // listen(2) looks once more
    if (::listen(fd, SOMAXCONN) != 0)
      return os::last_error();
  }
  return {};
}

void close_all(const std::vector<int>& descriptors) noexcept {
  for (const int fd : descriptors)
    ::close(fd);
}

endpoint local_endpoint(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd, address, &size) != 0)
    return {};
  return {address, size};
}

void keep_alive(int fd, milliseconds time) noexcept {
  const auto ms = static_cast<int>(time.count());
  const auto seconds = [](int from) { return std::max(from / 1000, 1); };
  set_flag(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ms);
  if (ms > 0) {
    set_flag(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(ms / 2));
    set_flag(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds(ms / 6));
  }
  set_flag(fd, SOL_SOCKET, SO_KEEPALIVE, ms > 0 ? 1 : 0);
}

void defer_accept(int fd, milliseconds time) noexcept {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  set_flag(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, static_cast<int>(seconds));
}

bool is_ipv6_only(int fd) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &size) == 0
      && value != 0;
}

connect_attempt start_connect(const endpoint& address) noexcept {
  const int fd = open_socket(address);
  if (fd < 0)
    return {connect_status::failed, -1, errno};
  if (address.family() != AF_UNIX)
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
  if (::connect(fd, address.data(), address.size()) == 0)
    return {connect_status::connected, fd, 0};
  if (errno == EINPROGRESS)
    return {connect_status::in_progress, fd, 0};
  const int error = errno;
  ::close(fd);
  return {connect_status::failed, -1, error};
}

void hold_back_ack(int fd) noexcept {
  set_flag(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
}

int connect_result(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error
                                                                    : errno;
}

bool is_quiet(int fd) noexcept {
  return peek(fd) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool is_at_end(int fd) noexcept { return peek(fd) == 0; }

void reset_on_close(int fd) noexcept {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

} // namespace troupe::net
