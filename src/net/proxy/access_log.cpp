// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/access_log.hpp"

#include "core/time.hpp"
#include "os/signals.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <new>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace troupe::net {

namespace {

using namespace std::chrono_literals;

constexpr auto nap = 50ms;
constexpr auto quiet_after = 1s;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

} // namespace

log_ring::log_ring() : data_(std::make_unique_for_overwrite<char[]>(capacity)) {
  // nop
}

bool log_ring::push(std::string_view line) noexcept {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  const uint64_t used = tail - head_.load(std::memory_order_acquire);
  if (line.size() > capacity - used) {
    dropped.add();
    return false;
  }
  const size_t at = tail % capacity;
  const size_t first = std::min(line.size(), capacity - at);
  std::memcpy(data_.get() + at, line.data(), first);
  std::memcpy(data_.get(), line.data() + first, line.size() - first);
  // Sequentially consistent: the producer looks next whether the consumer
  // sleeps, the consumer looks at the tail after saying that it will.
  tail_.store(tail + line.size(), std::memory_order_seq_cst);
  return true;
}

void log_ring::drain(std::string& out) {
  const uint64_t head = head_.load(std::memory_order_relaxed);
  const uint64_t used = tail_.load(std::memory_order_acquire) - head;
  const size_t at = head % capacity;
  const size_t first = std::min<uint64_t>(used, capacity - at);
  out.append(data_.get() + at, first);
  out.append(data_.get(), used - first);
  head_.store(head + used, std::memory_order_release);
}

size_t log_ring::size() const noexcept {
  // In this order the difference cannot be negative, whichever thread asks; for
  // a third one both may have moved on in between.
  const uint64_t head = head_.load(std::memory_order_acquire);
  const uint64_t tail = tail_.load(std::memory_order_seq_cst);
  return std::min<uint64_t>(tail - head, capacity);
}

access_log::access_log(const access_log_settings& settings, unsigned workers,
                       std::optional<os::service_user> user, on_fault fault)
  : settings_(settings), user_(std::move(user)), fault_(std::move(fault)),
    enabled_(!settings.path.empty()) {
  if (!enabled_)
    return;
  if (const auto fault = open_target(); !fault.empty())
    throw std::runtime_error{"cannot open the access log " + settings_.path
                             + ": " + fault};
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) {
    const int reason = errno;
    ::close(fd_);
    errno = reason;
    fail("cannot start the access log");
  }
  for (unsigned i = 0; i < workers; ++i)
    producers_.push_back(std::make_unique<producer>());
  start_thread();
}

access_log::~access_log() {
  if (!enabled_)
    return;
  stop_.store(true, std::memory_order_release);
  ::eventfd_write(wake_fd_, 1);
  thread_.join();
  ::close(wake_fd_);
  ::close(fd_);
}

void access_log::write(unsigned index, const access_record& record) noexcept {
  if (!enabled_)
    return;
  auto& [ring, line] = *producers_[index];
  try {
    format_record(record, settings_.format, std::chrono::system_clock::now(),
                  line);
  } catch (const std::bad_alloc&) {
    ring.dropped.add();
    return;
  }
  ring.push(line);
  if (ring.size() > wake_above_.load(std::memory_order_seq_cst))
    wake();
}

void access_log::reopen() noexcept {
  if (!enabled_)
    return;
  reopen_.store(true, std::memory_order_release);
  ::eventfd_write(wake_fd_, 1);
}

uint64_t access_log::dropped() const noexcept {
  uint64_t sum = lines_failed_.get();
  for (const auto& x : producers_)
    sum += x->ring.dropped.get();
  return sum;
}

/// The log file belongs to this thread once it runs.
/// @returns why it was not opened, "" if it was.
std::string access_log::open_target() {
  // Once the user has been become, a link leads where that user may write.
  const bool is_root = ::geteuid() == 0;
  auto opened =
    os::open_log(settings_.path, user_ && is_root ? &*user_ : nullptr);
  if (!opened)
    return opened.error();
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = opened->release();
  regular_ = is_regular(fd_);
  torn_ = false;
  return {};
}

void access_log::open_again() {
  if (const auto why = open_target(); !why.empty() && fault_)
    fault_("cannot open the access log " + settings_.path + " again: " + why
           + "; lines continue to go to the open file");
}

void access_log::start_thread() {
  const os::signals_blocked blocked;
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "troupe-log");
}

/// One wake per sleep, however many producers see it.
void access_log::wake() noexcept {
  if (wake_above_.exchange(never) != never)
    ::eventfd_write(wake_fd_, 1);
}

void access_log::run() {
  auto last_line = clock::now() - quiet_after;
  for (;;) {
    // Read before the rings: what was written before the stop is written out.
    const bool stopping = stop_.load(std::memory_order_acquire);
    if (reopen_.exchange(false, std::memory_order_acq_rel)
        && settings_.path != "-")
      open_again();
    const bool any = write_lines();
    if (stopping)
      return;
    const auto now = clock::now();
    if (any)
      last_line = now;
    sleep(now - last_line >= quiet_after);
  }
}

void access_log::sleep(bool quiet) {
  const size_t limit = quiet ? 0 : log_ring::capacity / 2;
  wake_above_.store(limit, std::memory_order_seq_cst);
  const bool due =
    std::any_of(producers_.begin(), producers_.end(),
                [limit](const auto& x) { return x->ring.size() > limit; });
  if (!due) {
    pollfd event{wake_fd_, POLLIN, 0};
    ::poll(&event, 1, quiet ? -1 : static_cast<int>(nap.count()));
  }
  wake_above_.store(never, std::memory_order_seq_cst);
  eventfd_t ignored;
  ::eventfd_read(wake_fd_, &ignored);
}

/// @returns whether there were lines.
bool access_log::write_lines() {
  batch_.clear();
  for (auto& x : producers_)
    x->ring.drain(batch_);
  if (batch_.empty())
    return false;
  if (torn_ && write_bytes("\n") == 1)
    torn_ = false;
  const size_t done = torn_ ? 0 : write_bytes(batch_);
  if (done > 0)
    torn_ = batch_[done - 1] != '\n';
  lines_failed_.add(static_cast<uint64_t>(std::count(
    batch_.begin() + static_cast<ptrdiff_t>(done), batch_.end(), '\n')));
  return true;
}

/// Waits for the reader of a pipe, in slices so that a stop gets through.
bool access_log::writable() const {
  constexpr auto slice = 100ms;
  auto left = 500ms;
  while (left > 0ms) {
    pollfd event{fd_, POLLOUT, 0};
    if (::poll(&event, 1, static_cast<int>(slice.count())) > 0)
      return true;
    if (stop_.load(std::memory_order_acquire))
      left -= slice;
  }
  return false;
}

/// @returns how many bytes were written before an error, or before the reader
/// of a pipe kept a stopping log waiting.
size_t access_log::write_bytes(std::string_view bytes) const {
  size_t done = 0;
  while (done < bytes.size()) {
    if (!regular_ && !writable())
      break;
    // A pipe that polls writable takes PIPE_BUF bytes without blocking.
    const size_t left = bytes.size() - done;
    const auto n = ::write(fd_, bytes.data() + done,
                           regular_ ? left : std::min<size_t>(left, PIPE_BUF));
    if (n >= 0)
      done += static_cast<size_t>(n);
    else if (errno != EINTR && errno != EAGAIN)
      break;
  }
  return done;
}

} // namespace troupe::net
