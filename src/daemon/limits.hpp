// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace troupe::daemon {

/// Raises the limit of descriptors to the hard one (rule 35).
/// @returns how many client connections that leaves room for: each may need a
/// second descriptor to a server, and 64 are kept for everything else.
uint64_t raise_descriptor_limit() noexcept;

/// Processors this process may use (its affinity mask), at least 1.
unsigned usable_processors() noexcept;

} // namespace troupe::daemon
