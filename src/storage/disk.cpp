// SPDX-License-Identifier: BSD-3-Clause
#include "storage/disk.hpp"

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace troupe::storage {

int disk::open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}

ssize_t disk::read(int fd, void* to, size_t size) {
  return ::read(fd, to, size);
}

ssize_t disk::write(int fd, const void* from, size_t size) {
  return ::write(fd, from, size);
}

int disk::fsync(int fd) { return ::fsync(fd); }

int disk::close(int fd) { return ::close(fd); }

int disk::rename(const char* from, const char* to) {
  return ::rename(from, to);
}

disk& real_disk() noexcept {
  static disk instance;
  return instance;
}

} // namespace troupe::storage
