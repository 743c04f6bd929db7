// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/reason.hpp"
#include "net/http1/head.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::net {

/// How a request that must not reach a server is answered.
struct refusal {
  unsigned status = 400;
  std::string_view phrase;
  reason why = reason::bad_request;
};

/// For a head that could not be parsed.
refusal refusal_of(http1::head_error error) noexcept;

/// For a body that is announced to be longer than `max_body_bytes` (0 is no
/// limit), else nothing.
std::optional<refusal> refusal_of_body(const http1::request_head& head,
                                       uint64_t max_body_bytes) noexcept;

} // namespace troupe::net
