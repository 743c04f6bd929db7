// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace troupe::net {

/// 16 hexadecimal digits into `out`: unique enough to find a request in logs.
void make_request_id(uint64_t random, std::string& out);

} // namespace troupe::net
