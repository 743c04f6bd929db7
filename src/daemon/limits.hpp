// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace troupe::daemon {

/// Raises the limit of descriptors to the hard one (rule 35).
/// @returns the limit now.
uint64_t raise_descriptor_limit() noexcept;

/// Processors this process may use (its affinity mask), at least 1.
unsigned usable_processors() noexcept;

} // namespace troupe::daemon
