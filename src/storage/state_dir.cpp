// SPDX-License-Identifier: BSD-3-Clause
#include "storage/state_dir.hpp"

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

namespace troupe::storage {

namespace {

namespace fs = std::filesystem;

os::opening<os::owned_fd> make_directory(const std::string& path) {
  std::error_code error;
  if (const auto parent = fs::path{path}.parent_path(); !parent.empty())
    fs::create_directories(parent, error);
  if (!error && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    error = {errno, std::generic_category()};
  if (error)
    return "cannot be made: " + error.message();
  os::owned_fd result{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (result.ok())
    return result;
  return errno == ENOTDIR
         ? std::string{"is not a directory"}
         : std::string{"cannot be opened: "} + std::strerror(errno);
}

/// The directory, if it can be used, else why not.
os::opening<os::owned_fd> open_private(const std::string& path,
                                       os::user_ptr user) {
  auto result =
    user != nullptr ? os::open_directory(path, *user) : make_directory(path);
  struct stat found {};
  if (result && ::fstat(result->get(), &found) == 0
      && (found.st_mode & S_IWOTH) != 0)
    return std::string{"can be written to by all users; `chmod 700` it"};
  return result;
}

/// The lock file, made if there is none, and the user's.
os::opening<os::owned_fd> open_lock(int directory, os::user_ptr user) {
  os::owned_fd lock{::openat(
    directory, "lock",
    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600)};
  struct stat found {};
  if (!lock.ok() || ::fstat(lock.get(), &found) != 0)
    return std::string{std::strerror(errno)};
  if (!S_ISREG(found.st_mode) || found.st_nlink > 1)
    return std::string{"\"lock\" is not a file of its own"};
  if (user != nullptr && ::fchown(lock.get(), user->uid, user->gid) != 0)
    return std::string{std::strerror(errno)};
  return lock;
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
state_dir::open(const std::string& path, os::user_ptr user) {
  const auto lead = "state_dir " + path + " ";
  const auto directory = open_private(path, user);
  if (!directory)
    return lead + directory.error();
  auto lock = open_lock(directory->get(), user);
  if (!lock)
    return lead + "cannot be locked: " + lock.error();
  if (::flock(lock->get(), LOCK_EX | LOCK_NB) == 0) {
    write_pid(lock->get());
    return state_dir{path, lock->release()};
  }
  return errno == EWOULDBLOCK
         ? lead + "is in use by " + holder(lock->get())
             + ": two nodes cannot share it; stop that process, or give this "
               "one another global.state_dir"
         : lead + "cannot be locked: " + std::strerror(errno);
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

} // namespace troupe::storage
