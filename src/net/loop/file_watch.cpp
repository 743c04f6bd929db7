// SPDX-License-Identifier: BSD-3-Clause
#include "net/loop/file_watch.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::net {

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;

constexpr uint32_t events = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB
                          | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE
                          | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr auto retry = std::chrono::seconds{1};

/// Of 4 KiB each, until the loop gets its turn.
constexpr int reads_max = 16;

/// What changes when a file does, by writing, renaming or chmod.
struct signature {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size = 0;
  int64_t changed_ns = 0; ///< ctime
  bool operator==(const signature&) const = default;
};

/// @returns nothing if there is no file.
std::optional<signature> sign(const std::string& path) {
  struct stat x {};
  if (::stat(path.c_str(), &x) != 0)
    return std::nullopt;
  return signature{x.st_dev, x.st_ino, x.st_size,
                   x.st_ctim.tv_sec * 1'000'000'000 + x.st_ctim.tv_nsec};
}

std::string directory_of(const fs::path& path) {
  const auto parent = path.parent_path();
  return parent.empty() ? "." : parent.string();
}

} // namespace

class file_watch::watcher : public std::enable_shared_from_this<watcher> {
public:
  watcher(asio::io_context& loop, std::string path,
          std::function<void()> changed, milliseconds settle)
    : path_(std::move(path)), changed_(std::move(changed)), settle_(settle),
      inotify_(loop), settled_(loop), retry_(loop) {
    // nop
  }

  void start();
  void stop();

private:
  bool watch_directory();
  void watch_target();
  void rearm();
  void await_events();
  void drain();
  bool is_write(const inotify_event& x) const;
  void look();
  void report();

  std::string path_;
  std::function<void()> changed_; ///< empty once stopped
  milliseconds settle_;
  asio::posix::stream_descriptor inotify_;
  asio::steady_timer settled_;
  asio::steady_timer retry_;
  std::string real_name_; ///< of the file that a link points to
  int directory_ = -1;    ///< watch descriptors
  int target_ = -1;       ///< of the real directory, if it is another one
  std::optional<signature> reported_;
  std::optional<signature> seen_;
};

void file_watch::watcher::start() {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0)
    throw boost::system::system_error(errno, boost::system::system_category(),
                                      "cannot watch " + path_);
  inotify_.assign(fd);
  if (!watch_directory())
    throw boost::system::system_error(errno, boost::system::system_category(),
                                      "cannot watch the directory of " + path_);
  watch_target();
  seen_ = reported_ = sign(path_);
  await_events();
}

void file_watch::watcher::stop() {
  changed_ = nullptr;
  error_code ignored;
  inotify_.close(ignored);
  settled_.cancel(ignored);
  retry_.cancel(ignored);
}

bool file_watch::watcher::watch_directory() {
  directory_ = ::inotify_add_watch(inotify_.native_handle(),
                                   directory_of(path_).c_str(), events);
  return directory_ >= 0;
}

/// The same directory gives the same descriptor.
void file_watch::watcher::watch_target() {
  std::error_code ec;
  const auto real = fs::canonical(path_, ec);
  if (ec)
    return;
  real_name_ = real.filename().string();
  const int x = ::inotify_add_watch(inotify_.native_handle(),
                                    directory_of(real).c_str(), events);
  if (target_ >= 0 && target_ != x && target_ != directory_)
    ::inotify_rm_watch(inotify_.native_handle(), target_);
  target_ = x;
}

/// After the directory was moved or removed.
void file_watch::watcher::rearm() {
  if (directory_ >= 0)
    ::inotify_rm_watch(inotify_.native_handle(), directory_);
  if (watch_directory()) {
    watch_target();
    look();
    return;
  }
  retry_.expires_after(retry);
  retry_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec && self->changed_ && self->directory_ < 0)
      self->rearm();
  });
}

void file_watch::watcher::await_events() {
  inotify_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const error_code& ec) {
                        if (ec || !self->changed_)
                          return;
                        self->drain();
                        self->await_events();
                      });
}

/// The clock behind ctime ticks every few milliseconds, so two writes may leave
/// the same signature.
bool file_watch::watcher::is_write(const inotify_event& x) const {
  return (x.mask & (IN_MODIFY | IN_MOVED_TO)) != 0 && x.len > 0
      && (x.name == fs::path{path_}.filename() || x.name == real_name_);
}

/// The file is looked at whatever happened; only a write to it and the loss of
/// the directory are told apart.
void file_watch::watcher::drain() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  bool lost = false;
  // A directory that changes all the time must not keep the loop: what is left
  // is told of again.
  for (int reads = 0; reads < reads_max; ++reads) {
    const auto size =
      ::read(inotify_.native_handle(), buffer.data(), buffer.size());
    if (size <= 0)
      break;
    for (ssize_t at = 0; at < size;) {
      const auto* x =
        reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + x->len);
      constexpr uint32_t gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED;
      if ((x->mask & gone) != 0 && x->wd == directory_)
        lost = true;
      if ((x->mask & IN_IGNORED) != 0 && x->wd == target_)
        target_ = -1;
      if (is_write(*x)) {
        seen_.reset();
        reported_.reset();
      }
    }
  }
  if (lost)
    rearm();
  else
    look();
}

/// Only a change of the file itself starts the wait anew: other files of the
/// directory may change all the time.
void file_watch::watcher::look() {
  const auto now = sign(path_);
  if (now == seen_)
    return;
  seen_ = now;
  watch_target();
  settled_.expires_after(settle_);
  settled_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec && self->changed_)
      self->report();
  });
}

void file_watch::watcher::report() {
  if (settled_.expiry() > clock::now())
    return; // set anew while this call was already queued
  const auto now = sign(path_);
  if (!now || now == reported_)
    return;
  seen_ = reported_ = now;
  const auto changed = changed_;
  changed();
}

file_watch::file_watch(asio::io_context& loop, std::string path,
                       std::function<void()> changed, milliseconds settle)
  : watcher_(std::make_shared<watcher>(loop, std::move(path),
                                       std::move(changed), settle)) {
  watcher_->start();
}

file_watch::~file_watch() { watcher_->stop(); }

void file_watch::stop() { watcher_->stop(); }

} // namespace troupe::net
