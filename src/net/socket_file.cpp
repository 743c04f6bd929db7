// SPDX-License-Identifier: BSD-3-Clause
#include "net/socket_file.hpp"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace troupe::net {

socket_file::socket_file(const endpoint& bound) {
  if (bound.family() != AF_UNIX)
    return;
  path_ = reinterpret_cast<const sockaddr_un*>(bound.data())->sun_path;
  struct stat info {};
  if (::lstat(path_.c_str(), &info) != 0) {
    path_.clear();
    return;
  }
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

socket_file::~socket_file() { remove(); }

socket_file::socket_file(socket_file&& other) noexcept
  : path_(std::exchange(other.path_, {})), device_(other.device_),
    inode_(other.inode_) {}

socket_file& socket_file::operator=(socket_file&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

void socket_file::remove() noexcept {
  // The descriptor keeps the inode, so its number was not given out again.
  struct stat info {};
  if (!path_.empty() && ::lstat(path_.c_str(), &info) == 0
      && info.st_dev == device_ && info.st_ino == inode_)
    ::unlink(path_.c_str());
  path_.clear();
}

} // namespace troupe::net
