// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/socket_api.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <system_error>

#include <sys/stat.h>

namespace troupe::ctl {

namespace {

struct ownership {
  std::string user;
  std::string group;
  mode_t mode = 0;
};

std::optional<ownership> ownership_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return std::nullopt;
  const auto* user = ::getpwuid(status.st_uid);
  auto user_name =
    user != nullptr ? user->pw_name : std::to_string(status.st_uid);
  const auto* group = ::getgrgid(status.st_gid);
  auto group_name =
    group != nullptr ? group->gr_name : std::to_string(status.st_gid);
  return ownership{std::move(user_name), std::move(group_name),
                   status.st_mode & 07777};
}

/// The socket, or the first directory above it that can be looked at: where the
/// door is shut.
std::string explain_permission(std::filesystem::path path) {
  auto owners = ownership_of(path.string());
  const auto action = owners ? "open" : "enter";
  const auto group_may = owners ? S_IWGRP : S_IXGRP;
  while (!owners && path.has_relative_path()) {
    path = path.parent_path();
    owners = ownership_of(path.string());
  }
  if (!owners)
    return "you may not open it; try with sudo";
  auto result =
    fmt::format("you may not {} {} ({}:{}, mode {:04o}); use sudo", action,
                path.string(), owners->user, owners->group, owners->mode);
  // Joining root's own group is no advice to give.
  if (owners->group != "root" && (owners->mode & group_may) != 0)
    result += fmt::format(", or join the group: sudo usermod -aG {} $USER, and "
                          "log in again",
                          owners->group);
  return result;
}

bool is_socket(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_socket(path, ignored);
}

} // namespace

std::string explain_connect(const std::string& path, int error) {
  static constexpr auto elsewhere =
    "If its admin.socket is elsewhere, use --socket PATH or TROUPE_SOCKET";
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return fmt::format("there is no socket {}: is trouped running? {}", path,
                       elsewhere);
  case ECONNREFUSED:
    if (!is_socket(path))
      return fmt::format("{} is not a socket. {}", path, elsewhere);
    return fmt::format("nothing listens on {}: trouped has ended, its log says "
                       "why. {}",
                       path, elsewhere);
  case EACCES:
  case EPERM:
    return fmt::format("{}: {}", path, explain_permission(path));
  case EAGAIN:
    return fmt::format("{}: trouped does not accept connections; is it stopped "
                       "or overloaded? Its log says more",
                       path);
  case ENAMETOOLONG:
    return fmt::format("{}: too long for a Unix socket, 107 bytes at most",
                       path);
  default:
    return fmt::format("{}: {}", path, std::generic_category().message(error));
  }
}

} // namespace troupe::ctl
