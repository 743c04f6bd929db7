// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace troupe {

/// Every rule and timeout runs on the monotonic clock; wall time is for
/// display.
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

/// Resolution of every configured duration.
using milliseconds = std::chrono::milliseconds;

} // namespace troupe
