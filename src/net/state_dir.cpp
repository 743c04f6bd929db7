// SPDX-License-Identifier: BSD-3-Clause
#include "net/state_dir.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::net {

namespace {

namespace fs = std::filesystem;

/// Why the directory cannot be used, "" if it can.
std::string make_directory(const std::string& path) {
  std::error_code error;
  if (const auto parent = fs::path{path}.parent_path(); !parent.empty())
    fs::create_directories(parent, error);
  if (!error && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    error = {errno, std::generic_category()};
  struct stat found {};
  if (!error && ::stat(path.c_str(), &found) != 0)
    error = {errno, std::generic_category()};
  if (error)
    return "cannot be made: " + error.message();
  if (!S_ISDIR(found.st_mode))
    return "is not a directory";
  if ((found.st_mode & S_IWOTH) != 0)
    return "can be written to by everybody; `chmod 700` it";
  return "";
}

/// Whom the lock file names; "another process" while it names nobody.
std::string holder(int lock) {
  std::array<char, 16> text{};
  const auto size = ::pread(lock, text.data(), text.size() - 1, 0);
  const std::string pid{text.data(),
                        static_cast<size_t>(std::max<ssize_t>(size, 0))};
  const auto digits = pid.substr(0, pid.find_first_not_of("0123456789"));
  return digits.empty() ? "another process" : "pid " + digits;
}

/// For the message of whoever comes second; the lock holds without it.
void write_pid(int lock) {
  const auto text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) == 0) [[maybe_unused]]
    const auto size = ::pwrite(lock, text.data(), text.size(), 0);
}

} // namespace

boost::system::result<state_dir, std::string>
state_dir::open(const std::string& path) {
  const auto lead = "state_dir " + path + " ";
  if (const auto fault = make_directory(path); !fault.empty())
    return lead + fault;
  const auto name = path + "/lock";
  const int lock =
    ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0)
    return lead + "cannot be locked: " + std::strerror(errno);
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
    write_pid(lock);
    return state_dir{path, lock};
  }
  const int error = errno;
  auto text = error == EWOULDBLOCK
              ? lead + "is in use by " + holder(lock)
                  + ": two nodes cannot share it; stop that process, or give "
                    "this one a global.state_dir of its own"
              : lead + "cannot be locked: " + std::strerror(error);
  ::close(lock);
  return text;
}

state_dir::~state_dir() {
  if (lock_ >= 0)
    ::close(lock_);
}

state_dir::state_dir(state_dir&& other) noexcept
  : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

state_dir& state_dir::operator=(state_dir&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

state_file state_dir::file(const std::string& name, uint32_t format,
                           disk& on) const {
  assert(lock_ >= 0 && name != "lock");
  return {path_ + "/" + name, format, on};
}

} // namespace troupe::net
