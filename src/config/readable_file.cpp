// SPDX-License-Identifier: BSD-3-Clause
#include "config/readable_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace troupe::config {

namespace {

std::string cannot_be_read() {
  return "cannot be read: "
       + std::error_code{errno, std::generic_category()}.message();
}

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", mode & 07777u);
  return text;
}

/// What is wrong with a page; "" if nothing is.
std::string problem_of_public(const struct stat& found, size_t size_max) {
  if (!S_ISREG(found.st_mode))
    return "expected a file";
  if (static_cast<uint64_t>(found.st_size) > size_max)
    return "has " + std::to_string(found.st_size) + " bytes, expected at most "
         + std::to_string(size_max);
  if ((found.st_mode & S_IROTH) == 0)
    return "goes to every client, but not everyone may read it (mode "
         + octal(found.st_mode) + "); `chmod o+r` it if it is no secret";
  return "";
}

/// Of an open file. One byte over the limit is read, so that a file that grew
/// meanwhile shows.
file_content read_all(int fd, size_t size_max) {
  file_content result;
  result.bytes.resize(size_max + 1);
  size_t size = 0;
  while (size < result.bytes.size()) {
    const auto got =
      ::read(fd, result.bytes.data() + size, result.bytes.size() - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return {{}, cannot_be_read()};
    if (got == 0)
      break;
    size += static_cast<size_t>(got);
  }
  if (size > size_max)
    return {{}, "expected at most " + std::to_string(size_max) + " bytes"};
  result.bytes.resize(size);
  return result;
}

} // namespace

file_content read_public_file(const std::string& path, size_t size_max) {
  const int fd =
    ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0)
    return {{},
            errno == ELOOP ? "is a link; name the file that it leads to"
                           : cannot_be_read()};
  struct stat found {};
  auto problem = ::fstat(fd, &found) != 0 ? cannot_be_read()
                                          : problem_of_public(found, size_max);
  auto result = problem.empty() ? read_all(fd, size_max)
                                : file_content{{}, std::move(problem)};
  ::close(fd);
  return result;
}

std::string check_file(const std::string& path, file_access allowed) {
  // Opened rather than asked about, for access() answers for the real user;
  // not blocking, for it may be a pipe.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return cannot_be_read();
  struct stat found {};
  const int failed = ::fstat(fd, &found);
  ::close(fd);
  if (failed != 0)
    return cannot_be_read();
  if (!S_ISREG(found.st_mode))
    return "expected a file";
  if (allowed == file_access::owner_only && (found.st_mode & 077u) != 0)
    return "a secret that others may access (mode " + octal(found.st_mode)
         + "); `chmod 600` it";
  return "";
}

} // namespace troupe::config
