// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/listening_socket.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace troupe::admin {

namespace {

constexpr int backlog = 128;

/// Thrown within this file as errno, given its text at the border.
void check(int result) {
  if (result < 0)
    throw boost::system::error_code{errno, boost::system::system_category()};
}

int new_socket(const endpoint& address) {
  const int fd =
    ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  check(fd);
  return fd;
}

std::string file_of(const endpoint& address) {
  if (address.family() != AF_UNIX)
    return {};
  return reinterpret_cast<const sockaddr_un*>(address.data())->sun_path;
}

/// A socket file that refuses connections was left by a process that died.
void remove_stale(const endpoint& address, const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode))
    return;
  const int fd = new_socket(address);
  const bool refused =
    ::connect(fd, address.data(), address.size()) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  if (refused)
    ::unlink(path.c_str());
}

} // namespace

listening_socket::listening_socket(const endpoint& address) {
  try {
    open(address);
  } catch (const boost::system::error_code& ec) {
    if (fd_ >= 0)
      ::close(fd_);
    throw boost::system::system_error(ec, "cannot listen on "
                                            + address.to_string());
  }
}

listening_socket::~listening_socket() {
  if (fd_ >= 0)
    ::close(fd_);
  struct stat status {};
  if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0
      && status.st_dev == device_ && status.st_ino == inode_)
    ::unlink(path_.c_str());
}

int listening_socket::release() noexcept { return std::exchange(fd_, -1); }

void listening_socket::open(const endpoint& address) {
  const auto path = file_of(address);
  if (!path.empty())
    remove_stale(address, path);
  fd_ = new_socket(address);
  if (path.empty()) {
    const int on = 1;
    check(::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  }
  check(::bind(fd_, address.data(), address.size()));
  // Nobody can connect before listen(): the mode is right from the start.
  if (!path.empty()) {
    // Not of what a link there leads to: others may write to the directory.
    check(::fchmodat(AT_FDCWD, path.c_str(), 0660, AT_SYMLINK_NOFOLLOW));
    note_file(path);
  }
  check(::listen(fd_, backlog));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  check(::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size));
  local_ = endpoint{reinterpret_cast<const sockaddr*>(&bound), size};
}

void listening_socket::note_file(const std::string& path) {
  struct stat status {};
  check(::lstat(path.c_str(), &status));
  path_ = path;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

} // namespace troupe::admin
