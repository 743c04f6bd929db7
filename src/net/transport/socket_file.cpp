// SPDX-License-Identifier: BSD-3-Clause
#include "net/transport/socket_file.hpp"

#include "os/last_error.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace troupe::net {

namespace {

template <class Id>
bool is_number(const std::string& text, Id& id) {
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  return error == std::errc{} && stop == end;
}

/// @param entry_of getpwnam_r or getgrnam_r.
template <class Entry, class Lookup>
bool find_entry(Lookup entry_of, const std::string& name, Entry& entry,
                std::array<char, 16'384>& buffer) {
  Entry* found = nullptr;
  return entry_of(name.c_str(), &entry, buffer.data(), buffer.size(), &found)
        == 0
      && found != nullptr;
}

} // namespace

std::optional<file_owner> find_owner(const unix_socket_settings& settings,
                                     std::string& problem) {
  file_owner result;
  std::array<char, 16'384> buffer;
  if (!settings.owner.empty() && !is_number(settings.owner, result.user)) {
    passwd entry{};
    if (!find_entry(::getpwnam_r, settings.owner, entry, buffer)) {
      problem = "there is no user \"" + settings.owner + "\"";
      return std::nullopt;
    }
    result.user = entry.pw_uid;
  }
  if (!settings.group.empty() && !is_number(settings.group, result.group)) {
    ::group entry{};
    if (!find_entry(::getgrnam_r, settings.group, entry, buffer)) {
      problem = "there is no group \"" + settings.group + "\"";
      return std::nullopt;
    }
    result.group = entry.gr_gid;
  }
  return result;
}

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

boost::system::error_code socket_file::give(const file_owner& to,
                                            uint32_t mode) const {
  if (path_.empty())
    return {};
  // A descriptor of the file itself: what the name stands for later is not
  // touched.
  const int fd = ::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return os::last_error();
  boost::system::error_code error;
  struct stat info {};
  const auto self = "/proc/self/fd/" + std::to_string(fd);
  const auto nobody = file_owner{};
  if (::fstat(fd, &info) != 0)
    error = os::last_error();
  else if (!S_ISSOCK(info.st_mode) || info.st_dev != device_
           || info.st_ino != inode_)
    error = {ENOENT, boost::system::system_category()};
  else if ((to.user != nobody.user || to.group != nobody.group)
           && ::fchownat(fd, "", to.user, to.group, AT_EMPTY_PATH) != 0)
    error = os::last_error();
  else if (::chmod(self.c_str(), mode) != 0) // fchmod takes no O_PATH
    error = os::last_error();
  ::close(fd);
  return error;
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
