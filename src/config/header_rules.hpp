// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/cursor.hpp"
#include "core/settings.hpp"

namespace troupe::config {

/// `request_headers` or `response_headers`.
void read_header_rules(const cursor& in, header_rules& out);

} // namespace troupe::config
