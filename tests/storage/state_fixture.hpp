// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "storage/disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace state_test {

/// A directory that is gone after the test.
struct temporary_directory {
  temporary_directory() {
    path =
      (std::filesystem::temp_directory_path() / "troupe-test-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
      std::abort();
  }
  ~temporary_directory() { std::filesystem::remove_all(path); }
  temporary_directory(const temporary_directory&) = delete;

  std::string operator/(std::string_view name) const {
    return path + "/" + std::string{name};
  }

  std::string path;
};

inline std::string contents(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void put(const std::string& file, std::string_view bytes) {
  std::ofstream{file, std::ios::binary} << bytes;
}

/// A disk that fails from the n-th call on, as one does that is full, worn out
/// or unplugged. Knows which calls there were.
class failing_disk : public troupe::storage::disk {
public:
  static constexpr size_t never = SIZE_MAX;

  explicit failing_disk(size_t fails_at = never, int error = ENOSPC)
    : fails_at_(fails_at), error_(error) {}

  int open(const char* path, int flags, mode_t mode) override {
    return fails("open") ? -1 : disk::open(path, flags, mode);
  }
  ssize_t read(int fd, void* to, size_t size) override {
    return fails("read") ? -1 : disk::read(fd, to, size);
  }
  ssize_t write(int fd, const void* from, size_t size) override {
    // Half of it arrives, as when the disk fills up meanwhile.
    if (!fails("write"))
      return disk::write(fd, from, size);
    [[maybe_unused]] const auto arrived = disk::write(fd, from, size / 2);
    errno = error_;
    return -1;
  }
  int fsync(int fd) override { return fails("fsync") ? -1 : disk::fsync(fd); }
  int close(int fd) override {
    const int result = disk::close(fd);
    return fails("close") ? -1 : result;
  }
  int rename(const char* from, const char* to) override {
    return fails("rename") ? -1 : disk::rename(from, to);
  }

  const std::vector<std::string>& calls() const { return calls_; }

private:
  bool fails(const char* call) {
    calls_.emplace_back(call);
    if (calls_.size() <= fails_at_)
      return false;
    errno = error_;
    return true;
  }

  size_t fails_at_;
  int error_;
  std::vector<std::string> calls_;
};

/// A disk that moves a few bytes at a time and is interrupted in between.
class slow_disk : public troupe::storage::disk {
public:
  ssize_t read(int fd, void* to, size_t size) override {
    return interrupted() ? -1 : disk::read(fd, to, std::min<size_t>(size, 7));
  }
  ssize_t write(int fd, const void* from, size_t size) override {
    return interrupted() ? -1
                         : disk::write(fd, from, std::min<size_t>(size, 5));
  }

private:
  bool interrupted() {
    errno = EINTR;
    return ++calls_ % 3 == 0;
  }
  unsigned calls_ = 0;
};

} // namespace state_test
