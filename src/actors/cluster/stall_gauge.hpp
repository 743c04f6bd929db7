// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <chrono>
#include <optional>

namespace troupe::actors {

/// Notices that this process did not run for a while (rule 16): it was stopped,
/// or its loop was kept busy. Asked by each actor that is woken at least every
/// second, before it looks at anything else: what comes first after a stall may
/// be the very message that would draw a wrong conclusion from it.
class stall_gauge {
public:
  static constexpr milliseconds limit{2'000};

  /// @returns how long nothing ran, if that was too long.
  std::optional<milliseconds> note(time_point now) {
    const auto before = last_;
    last_ = now;
    if (!before || now - *before <= limit)
      return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(now - *before);
  }

private:
  std::optional<time_point> last_;
};

} // namespace troupe::actors
