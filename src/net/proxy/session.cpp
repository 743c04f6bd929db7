// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/session.hpp"

#include <array>

namespace troupe::net {

std::string_view to_string(session_phase x) noexcept {
  constexpr std::array<std::string_view, 8> names{
    "idle",     "head",   "queued",  "connecting",
    "exchange", "tunnel", "closing", "ended"};
  return names[static_cast<size_t>(x)];
}

} // namespace troupe::net
