// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/process_usage.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::actors {

namespace {

constexpr auto descriptors_path = "/proc/self/fd";

double seconds(const timeval& x) {
  return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0)
    return 0;
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

uint64_t resident_bytes() {
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  std::ifstream file{"/proc/self/statm"};
  if (!(file >> total_pages >> resident_pages))
    return 0;
  return resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t open_descriptors() {
  // Since Linux 6.2 the directory's size is the number of descriptors.
  struct stat status {};
  if (::stat(descriptors_path, &status) == 0 && status.st_size > 0)
    return static_cast<uint64_t>(status.st_size);
  std::error_code ec;
  std::filesystem::directory_iterator entries{descriptors_path, ec};
  if (ec)
    return 0;
  auto count = std::distance(begin(entries), end(entries));
  return static_cast<uint64_t>(count) - 1; // the one that reads the directory
}

uint64_t descriptors_max() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

} // namespace

process_usage read_process_usage() {
  return {cpu_seconds(), resident_bytes(), open_descriptors(),
          descriptors_max()};
}

} // namespace troupe::actors
