// SPDX-License-Identifier: BSD-3-Clause
#include "core/descriptor_budget.hpp"

#include <algorithm>

namespace troupe {

namespace {

/// For admin, probes, logs and names.
constexpr uint64_t kept = 64;

/// An epoll set and what wakes it.
constexpr uint64_t kept_a_worker = 2;

} // namespace

descriptor_budget share_descriptors(uint64_t limit, unsigned workers,
                                    size_t frontends) noexcept {
  const auto fixed = kept + workers * (kept_a_worker + frontends);
  const auto free = limit > fixed ? limit - fixed : 0;
  // An eighth each at most: where descriptors are few, clients come first.
  const auto eighth = free / 8 / workers;
  descriptor_budget result;
  result.worker.pipes = std::min<uint64_t>(result.worker.pipes, eighth / 2);
  result.worker.idle_connections = eighth;
  const auto taken = workers * (2 * result.worker.pipes + eighth);
  result.connections = std::max<uint64_t>((free - taken) / 2, 1);
  return result;
}

} // namespace troupe
