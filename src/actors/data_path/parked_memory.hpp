// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <memory_resource>

namespace troupe::actors {

/// Memory of one worker's parked connections: close together, so that the pages
/// their actors have left become free as a whole and go back to the system.
class parked_memory {
public:
  std::pmr::polymorphic_allocator<> allocator() noexcept { return &memory_; }

  /// A connection was parked: its actor's memory is free soon.
  void note_parked() noexcept { ++parked_; }
  /// Once a turn, when actors that ended are gone: hands free pages back, not
  /// more often than once a second and only for many.
  void trim_if_due(time_point now) noexcept;

private:
  std::pmr::unsynchronized_pool_resource memory_;
  size_t parked_ = 0; ///< since pages were handed back
  time_point trimmed_;
};

} // namespace troupe::actors
