// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/transport/stream.hpp"

namespace troupe::net {

/// Looks behind the door of a stream, which nothing else may.
struct stream_inspector {
  static int fd(const stream& s) noexcept { return s.fd_; }
};

inline int fd_of(const stream& s) noexcept { return stream_inspector::fd(s); }

} // namespace troupe::net
