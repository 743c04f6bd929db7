// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/file.hpp"

#include "ctl/failure.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace troupe::ctl {

namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw failure{
    exit_code::failed,
    fmt::format("{}: {}", path, std::generic_category().message(error))};
}

/// Writes all of it, so that it survives a crash.
bool write_all(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    done += static_cast<size_t>(n);
  }
  return ::fsync(fd) == 0;
}

} // namespace

std::string read_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  if (!in || std::filesystem::is_directory(path))
    fail(path, in ? EISDIR : errno);
  text << in.rdbuf();
  return text.str();
}

void replace_file(const std::string& path, const std::string& text) {
  std::error_code ec;
  const auto real = std::filesystem::canonical(path, ec);
  if (ec)
    fail(path, ec.value());
  struct stat before {};
  if (::stat(real.c_str(), &before) != 0)
    fail(path, errno);
  auto draft = real.string() + ".XXXXXX";
  const int fd = ::mkstemp(draft.data());
  if (fd < 0)
    fail(draft, errno);
  const bool owned = ::fchown(fd, before.st_uid, before.st_gid) == 0;
  const bool done = owned && ::fchmod(fd, before.st_mode & 07777) == 0
                 && write_all(fd, text)
                 && ::rename(draft.c_str(), real.c_str()) == 0;
  const int error = errno;
  ::close(fd);
  if (!done) {
    ::unlink(draft.c_str());
    fail(path, error);
  }
}

} // namespace troupe::ctl
