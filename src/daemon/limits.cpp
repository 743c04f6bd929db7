// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/limits.hpp"

#include <sched.h>
#include <sys/resource.h>

namespace troupe::daemon {

uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 0;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

unsigned usable_processors() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<unsigned>(count) : 1;
}

} // namespace troupe::daemon
