// SPDX-License-Identifier: BSD-3-Clause
#include "config/readable_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

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

} // namespace

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
