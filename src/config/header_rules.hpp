// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/cursor.hpp"
#include "core/settings.hpp"

#include <cstdint>

namespace troupe::config {

enum class message : uint8_t { request, response };

/// `request_headers` or `response_headers`.
void read_header_rules(const cursor& in, message of, header_rules& out);

} // namespace troupe::config
