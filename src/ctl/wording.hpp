// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::ctl {

/// "0.8s", "41s", "5m 3s", "1h 25m", "3d 4h": the two units that matter.
std::string elapsed(milliseconds time);

/// "1 server", "2 servers".
std::string counted(uint64_t count, std::string_view noun);

} // namespace troupe::ctl
