// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/privileges.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::daemon {

namespace {

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error{what + ": " + std::strerror(errno)};
}

void keep_only_bind_service() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  const auto bit = 1u << CAP_NET_BIND_SERVICE;
  data[0].effective = data[0].permitted = bit;
  if (::syscall(SYS_capset, &header, data) != 0)
    give_up("global.user: cannot keep CAP_NET_BIND_SERVICE");
}

const passwd& find(const std::string& user) {
  const auto* entry = ::getpwnam(user.c_str());
  if (entry == nullptr)
    throw std::runtime_error{"global.user: there is no user \"" + user + "\""};
  return *entry;
}

void give(const std::string& path, const passwd& user) {
  if (::chown(path.c_str(), user.pw_uid, user.pw_gid) != 0)
    give_up("global.user: cannot give " + path + " to " + user.pw_name);
}

} // namespace

void forbid_new_privileges() noexcept {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void give_directory(const std::string& user, const std::string& directory) {
  if (user.empty() || ::geteuid() != 0)
    return;
  const auto& entry = find(user);
  give(directory, entry);
  std::error_code ignored; // what cannot be listed cannot be read, either
  for (const auto& x : std::filesystem::directory_iterator{directory, ignored})
    if (x.is_regular_file(ignored) && !x.is_symlink(ignored))
      give(x.path(), entry);
}

void become(const std::string& user, const std::vector<std::string>& owned) {
  if (user.empty() || ::geteuid() != 0)
    return;
  const auto& entry = find(user);
  const auto uid = entry.pw_uid;
  const auto gid = entry.pw_gid;
  for (const auto& path : owned)
    if (!path.empty() && ::access(path.c_str(), F_OK) == 0)
      give(path, entry);
  ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (::initgroups(user.c_str(), gid) != 0 || ::setgid(gid) != 0
      || ::setuid(uid) != 0)
    give_up("global.user: cannot become " + user);
  keep_only_bind_service();
}

} // namespace troupe::daemon
