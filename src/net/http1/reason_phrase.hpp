// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace troupe::net::http1 {

/// The words of a status code (RFC 9110 section 15), or of its class.
std::string_view reason_phrase(unsigned status) noexcept;

} // namespace troupe::net::http1
