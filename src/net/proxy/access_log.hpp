// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/counter.hpp"
#include "core/reason.hpp"
#include "core/settings.hpp"
#include "os/service_user.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// The access log (rule 31): workers format lines into rings of their own, one
/// thread writes them out. A full ring drops the line and counts it; no worker
/// ever waits for the disk.
namespace troupe::net {

/// One request or stream, as logged. Times in microseconds; -1 is "never".
struct access_record {
  std::string_view client; ///< IP and port
  std::string_view frontend;
  std::string_view route; ///< "" for one without a name
  std::string_view backend;
  std::string_view server; ///< "" when none was picked
  std::string_view method; ///< "" for TCP
  std::string_view path;
  std::string_view host;
  std::string_view request_id;
  unsigned status = 0;
  uint64_t bytes_received = 0; ///< from the client
  uint64_t bytes_sent = 0;     ///< to the client
  int64_t connect_us = -1;
  int64_t first_byte_us = -1;
  int64_t total_us = -1;
  unsigned retries = 0;
  troupe::reason reason = troupe::reason::ok;
  uint64_t generation = 0;
};

/// Single-producer, single-consumer ring of whole lines.
class log_ring {
public:
  static constexpr size_t capacity = size_t{256} * 1024;
  log_ring();
  /// Producer. @returns false when it does not fit: the line is dropped.
  bool push(std::string_view line) noexcept;
  /// Consumer: appends all lines to `out`.
  void drain(std::string& out);
  /// Bytes waiting. Any thread.
  size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  counter dropped; ///< written by the producer

private:
  std::unique_ptr<char[]> data_;
  alignas(64) std::atomic<uint64_t> head_{0}; ///< bytes taken, by the consumer
  alignas(64) std::atomic<uint64_t> tail_{0}; ///< bytes put, by the producer
};

/// Formats one record as a line with its newline, into `out` (cleared first;
/// its capacity is reused). Bytes that are not printable ASCII become \u00XX: a
/// line is always one line, valid JSON (or key=value text). Texts are cut at
/// 2048 bytes.
void format_record(const access_record& record, log_format format,
                   std::chrono::system_clock::time_point now, std::string& out);

/// The rings and the thread that writes them out. The thread looks every 50 ms
/// while there is traffic, is woken early by a ring that is half full, and
/// after a quiet second sleeps until the next line comes: no timer runs when
/// idle.
class access_log {
public:
  /// Hears in one printable line why a file could not be opened again, on the
  /// log's thread.
  using on_fault = std::function<void(const std::string& why)>;

  /// Opens the target and starts the thread; `path` "" makes it a no-op.
  /// @param user Whose the file is to be, see service_user.hpp.
  /// @throws std::runtime_error in one printable line when the file cannot be
  /// opened.
  access_log(const access_log_settings& settings, unsigned workers,
             std::optional<os::service_user> user = std::nullopt,
             on_fault fault = {});
  /// Writes what is left; waits at most one second for a pipe that is not read.
  ~access_log();
  access_log(const access_log&) = delete;
  access_log& operator=(const access_log&) = delete;

  bool enabled() const noexcept { return enabled_; }

  /// From worker `index`'s thread only.
  void write(unsigned index, const access_record& record) noexcept;

  /// Reopens the file, after rotation; the old one is kept if that fails.
  /// Any thread.
  void reopen() noexcept;

  /// Lines dropped so far, by full rings or a failing disk. Any thread.
  uint64_t dropped() const noexcept;

private:
  struct producer {
    log_ring ring;
    std::string line; ///< reused
  };
  static constexpr size_t never = SIZE_MAX;

  std::string open_target();
  void open_again();
  void start_thread();
  void wake() noexcept;
  void run();
  void sleep(bool quiet);
  bool write_lines();
  bool writable() const;
  size_t write_bytes(std::string_view bytes) const;

  access_log_settings settings_;
  const std::optional<os::service_user> user_;
  const on_fault fault_;
  bool enabled_ = false;
  int fd_ = -1;
  int wake_fd_ = -1;     ///< eventfd
  bool regular_ = true;  ///< a plain file: writing does not wait for a reader
  bool torn_ = false;    ///< the last write ended inside a line
  std::string batch_;    ///< of the log thread, reused
  counter lines_failed_; ///< by the log thread
  std::vector<std::unique_ptr<producer>> producers_;
  /// A ring with more bytes than this wakes the thread; `never` while it runs.
  std::atomic<size_t> wake_above_{never};
  std::atomic<bool> stop_{false};
  std::atomic<bool> reopen_{false};
  std::thread thread_;
};

} // namespace troupe::net
