// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/privileges.hpp"

#include "actors/events/log.hpp"

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <linux/capability.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
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

} // namespace

void forbid_new_privileges() noexcept {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void allow_core_dumps(bool allowed) noexcept {
#if !defined(__SANITIZE_ADDRESS__) // its search for leaks looks into itself
  ::prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0);
  const rlimit none{};
  if (!allowed)
    ::setrlimit(RLIMIT_CORE, &none);
#else
  static_cast<void>(allowed);
#endif
}

void become(const os::service_user& user) {
  ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (::initgroups(user.name.c_str(), user.gid) != 0 || ::setgid(user.gid) != 0
      || ::setuid(user.uid) != 0)
    give_up("global.user: cannot become " + user.name);
  keep_only_bind_service();
}

void warn_about_root() {
  if (::geteuid() == 0)
    log::warn("running as root: anyone who breaks into this process controls "
              "this host; set global.user, or start trouped as another user");
}

} // namespace troupe::daemon
