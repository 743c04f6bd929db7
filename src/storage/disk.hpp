// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <sys/types.h>

namespace troupe::storage {

/// The system calls behind durable files, so that tests can make each of them
/// fail or stop half-way. As in POSIX: -1 and errno on failure.
class disk {
public:
  virtual ~disk() = default;
  virtual int open(const char* path, int flags, mode_t mode);
  virtual ssize_t read(int fd, void* to, size_t size);
  virtual ssize_t write(int fd, const void* from, size_t size);
  virtual int fsync(int fd);
  virtual int close(int fd);
  virtual int rename(const char* from, const char* to);
};

/// The one that asks the kernel.
disk& real_disk() noexcept;

} // namespace troupe::storage
