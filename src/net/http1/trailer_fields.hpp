// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::net::http1 {

enum class trailer_verdict : uint8_t {
  end,  ///< the empty line
  keep, ///< may be sent on
  drop, ///< not allowed in trailers (RFC 9110 section 6.5.1)
  bad,  ///< not a field line
};

/// Judges one line of a trailer section, without its CRLF.
trailer_verdict judge_trailer(std::string_view line) noexcept;

} // namespace troupe::net::http1
