// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/rules.hpp"

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
/// @param rules The operator's, or null: what they speak of must not come in
/// again at the end, under its name or an alias.
/// @param policy For names with an underscore.
trailer_verdict judge_trailer(std::string_view line,
                              const field_rules* rules = nullptr,
                              underscores policy = underscores::pass) noexcept;

} // namespace troupe::net::http1
