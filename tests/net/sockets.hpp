// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "net/transport/socket.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

/// The far ends of what the tests look at.
namespace troupe::net {

/// Owns one descriptor.
class descriptor {
public:
  explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() { close(); }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void close() noexcept {
    if (fd_ >= 0)
      ::close(release());
  }

private:
  int fd_;
};

/// Two ends of one connection, both non-blocking.
struct socket_pair {
  descriptor a;
  descriptor b;
};

inline socket_pair unix_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   ends.data())
      != 0)
    throw std::runtime_error{"socketpair"};
  return {descriptor{ends[0]}, descriptor{ends[1]}};
}

/// A listening socket on a free port of 127.0.0.1.
class listening_socket {
public:
  explicit listening_socket(int backlog = 128) {
    auto group = bind_group(*endpoint::parse("127.0.0.1:0"), 1);
    if (!group || ::listen(group->front(), backlog) != 0)
      throw std::runtime_error{"no port to listen on"};
    fd_ = descriptor{group->front()};
    address_ = local_endpoint(fd_.get());
  }
  const endpoint& address() const noexcept { return address_; }

  /// One waiting connection, or none.
  std::optional<descriptor> accept() {
    const int fd =
      ::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
      return {};
    return descriptor{fd};
  }

  void close() noexcept { fd_.close(); }

private:
  descriptor fd_;
  endpoint address_;
};

/// `a` has connected, `b` was accepted.
inline socket_pair tcp_pair() {
  listening_socket listening;
  auto attempt = start_connect(listening.address());
  for (;;)
    if (auto accepted = listening.accept())
      return {descriptor{attempt.fd}, std::move(*accepted)};
}

/// An address nobody listens on.
inline endpoint refusing_address() { return listening_socket{}.address(); }

/// Listens, but answers no more connects: they stay under way for ever.
class full_server {
public:
  full_server() {
    // Each one that waits to be accepted takes a place; one more may be there.
    for (int n = 0; n < 3; ++n)
      waiting_.emplace_back(start_connect(listening_.address()).fd);
  }
  const endpoint& address() const noexcept { return listening_.address(); }

private:
  listening_socket listening_{0};
  std::vector<descriptor> waiting_;
};

/// One end of a connection in a test's hands: sends what it is told to,
/// remembers what it got.
class peer {
public:
  explicit peer(descriptor fd) : fd_(std::move(fd)) {}

  void send(std::string_view bytes) {
    outgoing_ += bytes;
    attend();
  }
  /// A FIN, once everything has been sent.
  void finish() {
    finishing_ = true;
    attend();
  }
  void close() noexcept { fd_.close(); }
  /// A reset instead of a FIN.
  void reset() noexcept {
    reset_on_close(fd_.get());
    fd_.close();
  }

  /// Moves what can be moved now. @returns whether anything did.
  bool attend() {
    if (fd_.get() < 0)
      return false;
    const bool pushed = push();
    return (!paused && pull()) || pushed;
  }

  bool is_open() const noexcept { return fd_.get() >= 0; }
  int fd() const noexcept { return fd_.get(); }
  size_t unsent() const noexcept { return outgoing_.size(); }
  bool is_over() const noexcept { return ended || was_reset; }

  std::string received;
  bool ended = false;     ///< the other side has sent a FIN
  bool was_reset = false; ///< or a reset
  bool paused = false;    ///< reads nothing

private:
  bool push() {
    bool moved = false;
    while (!outgoing_.empty()) {
      const auto n =
        ::send(fd_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return moved;
      outgoing_.erase(0, static_cast<size_t>(n));
      moved = true;
    }
    if (std::exchange(finishing_, false))
      ::shutdown(fd_.get(), SHUT_WR);
    return moved;
  }

  bool pull() {
    static std::array<char, 65'536> block;
    bool moved = false;
    while (!is_over()) {
      const auto n = ::recv(fd_.get(), block.data(), block.size(), 0);
      if (n < 0 && errno == EAGAIN)
        return moved;
      moved = true;
      if (n > 0)
        received.append(block.data(), static_cast<size_t>(n));
      else if (n == 0)
        ended = true;
      else
        was_reset = true;
    }
    return moved;
  }

  descriptor fd_;
  std::string outgoing_;
  bool finishing_ = false;
};

/// Bytes that differ from place to place.
inline std::string pattern(size_t count, uint32_t seed = 1) {
  std::string result(count, '\0');
  for (auto& c : result) {
    seed = seed * 1'664'525 + 1'013'904'223;
    c = static_cast<char>(seed >> 24);
  }
  return result;
}

/// Pipe ends this process holds at the moment.
inline size_t open_pipe_ends() {
  size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone; // the directory's own descriptor, for one
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    count += target.string().starts_with("pipe:");
  }
  return count;
}

/// A directory for one test's sockets and files.
class scratch_directory {
public:
  scratch_directory() {
    auto name =
      (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"mkdtemp"};
    path_ = name;
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  std::string file(std::string_view name) const {
    return (path_ / name).string();
  }

private:
  std::filesystem::path path_;
};

} // namespace troupe::net
