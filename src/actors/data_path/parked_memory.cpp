// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/parked_memory.hpp"

#include <malloc.h>

namespace troupe::actors {

namespace {

/// Actors whose memory, 1.5 KiB each, is worth a walk through the heap.
constexpr size_t parked_min = 500;
constexpr milliseconds trim_pause{1'000};

} // namespace

void parked_memory::trim_if_due(time_point now) noexcept {
  if (parked_ < parked_min || now - trimmed_ < trim_pause)
    return;
  ::malloc_trim(0);
  parked_ = 0;
  trimmed_ = now;
}

} // namespace troupe::actors
