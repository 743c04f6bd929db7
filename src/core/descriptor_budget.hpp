// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace troupe {

/// The descriptors that one worker may keep open besides its clients and the
/// servers at work for them.
struct descriptor_share {
  size_t pipes = 128; ///< for splice(2); two descriptors each
  /// To servers, waiting for the next request.
  size_t idle_connections = std::numeric_limits<size_t>::max();
};

/// How a node's descriptors are shared out (rule 35).
struct descriptor_budget {
  /// Clients of the whole node; each may need another one to a server.
  uint64_t connections = 1;
  descriptor_share worker;
};

/// Never fails: with too few descriptors for anything, one connection is left.
/// @param limit RLIMIT_NOFILE.
/// @param workers >= 1.
/// @param frontends At the start; those of a later configuration come out of
/// what is kept for admin, probes and files.
descriptor_budget share_descriptors(uint64_t limit, unsigned workers,
                                    size_t frontends) noexcept;

} // namespace troupe
