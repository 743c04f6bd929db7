// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace troupe::actors {

/// Figures of the kernel about this process. A figure it does not give is 0.
struct process_usage {
  double cpu_seconds = 0; ///< user and system
  uint64_t resident_bytes = 0;
  uint64_t open_descriptors = 0;
  uint64_t descriptors_max = 0; ///< the soft limit
};

/// Reads procfs and rusage: microseconds, except on kernels before 6.2, where
/// open descriptors must be counted one by one.
process_usage read_process_usage();

} // namespace troupe::actors
