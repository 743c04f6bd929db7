// SPDX-License-Identifier: BSD-3-Clause
#include "storage/state_file.hpp"

#include "os/last_error.hpp"
#include "storage/state_format.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::storage {

namespace {

using boost::system::error_code;

constexpr size_t chunk_size = size_t{64} * 1024;

/// A descriptor that is closed at the end of its scope.
class open_file {
public:
  open_file(disk& on, const std::string& path, int flags)
    : disk_(on), fd_(on.open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~open_file() {
    if (fd_ >= 0)
      disk_.close(fd_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  bool ok() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }

  /// @returns whether the file was closed without an error.
  bool close() { return disk_.close(std::exchange(fd_, -1)) == 0; }

private:
  disk& disk_;
  int fd_;
};

/// @returns one byte more than allowed of a file that is too long.
error_code read_all(disk& on, int fd, std::string& out) {
  constexpr size_t size_max = state_header_size + state_size_max + 1;
  while (out.size() < size_max) {
    const auto before = out.size();
    out.resize(std::min(before + chunk_size, size_max));
    const auto count = on.read(fd, out.data() + before, out.size() - before);
    out.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0)
      break;
    if (count < 0 && errno != EINTR)
      return os::last_error();
  }
  return {};
}

error_code write_all(disk& on, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = on.write(fd, bytes.data(), bytes.size());
    if (count > 0)
      bytes.remove_prefix(static_cast<size_t>(count));
    else if (count == 0)
      return {EIO, boost::system::system_category()};
    else if (errno != EINTR)
      return os::last_error();
  }
  return {};
}

/// Makes a rename in that directory durable.
error_code sync_directory_of(disk& on, const std::string& path) {
  const auto directory = std::filesystem::path{path}.parent_path().string();
  const open_file opened{on, directory.empty() ? "." : directory,
                         O_RDONLY | O_DIRECTORY};
  if (!opened.ok() || on.fsync(opened.fd()) != 0)
    return os::last_error();
  return {};
}

/// The n-th name for a damaged file. They are never removed, so there are few.
std::string damaged_name(const std::string& path, unsigned n) {
  return path + ".damaged-" + std::to_string(n);
}

/// A process that starts as root gives the directory to the user it becomes:
/// files written before that are this user's, too.
void give_to_owner_of_directory(int fd, const std::string& path) {
  struct stat directory {};
  const auto parent = std::filesystem::path{path}.parent_path().string();
  if (::geteuid() != 0 || ::stat(parent.c_str(), &directory) != 0
      || directory.st_uid == 0)
    return;
  // Should it fail, whoever reads the file says so.
  [[maybe_unused]] const int result =
    ::fchown(fd, directory.st_uid, directory.st_gid);
}

bool exists(const std::string& path) {
  struct stat ignored {};
  return ::lstat(path.c_str(), &ignored) == 0;
}

} // namespace

state_reading state_file::read() {
  std::string bytes;
  {
    // Whatever is in the file's place: neither a wait, nor another file.
    const open_file opened{*disk_, path_,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY};
    if (!opened.ok() && errno == ENOENT)
      return state_missing{exists(damaged_name(path_, 1))};
    if (!opened.ok())
      return state_unreadable{os::last_error()};
    if (auto error = read_all(*disk_, opened.fd(), bytes))
      return state_unreadable{error};
  }
  if (bytes.size() > state_header_size + state_size_max)
    return set_aside("longer than the 64MiB that a state file may have");
  const auto frame = read_frame(bytes);
  if (const auto* bad = std::get_if<bad_frame>(&frame))
    return set_aside(bad->reason);
  const auto& [format, content] = std::get<state_frame>(frame);
  if (format > format_)
    return state_newer{format};
  return state_content{bytes.substr(state_header_size), format};
}

error_code state_file::write(std::string_view content) {
  if (content.size() > state_size_max)
    return {EFBIG, boost::system::system_category()};
  const auto name = path_ + ".new";
  if (auto error = write_new(name, content)) {
    ::unlink(name.c_str());
    return error;
  }
  if (disk_->rename(name.c_str(), path_.c_str()) != 0) {
    const auto error = os::last_error();
    ::unlink(name.c_str());
    return error;
  }
  return sync_directory_of(*disk_, path_);
}

error_code state_file::write_new(const std::string& name,
                                 std::string_view content) {
  // A new file in any case: what is there may be a second name of another one.
  ::unlink(name.c_str());
  open_file opened{*disk_, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW};
  if (!opened.ok())
    return os::last_error();
  give_to_owner_of_directory(opened.fd(), name);
  if (auto error =
        write_all(*disk_, opened.fd(), state_header(format_, content)))
    return error;
  if (auto error = write_all(*disk_, opened.fd(), content))
    return error;
  if (disk_->fsync(opened.fd()) != 0 || !opened.close())
    return os::last_error();
  return {};
}

state_damaged state_file::set_aside(std::string reason) {
  unsigned n = 1;
  while (exists(damaged_name(path_, n)))
    ++n;
  auto name = damaged_name(path_, n);
  // Should the sync fail, the damaged file is merely found once more.
  if (disk_->rename(path_.c_str(), name.c_str()) != 0)
    name.clear();
  else
    sync_directory_of(*disk_, path_);
  return {std::move(reason), std::move(name)};
}

} // namespace troupe::storage
