// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/wording.hpp"

#include <fmt/format.h>

namespace troupe::ctl {

std::string elapsed(milliseconds time) {
  const auto ms = time.count();
  if (ms < 1000)
    return fmt::format("{:.1f}s", static_cast<double>(ms / 100) / 10);
  const auto s = ms / 1000;
  const auto m = s / 60;
  const auto h = m / 60;
  if (m == 0)
    return fmt::format("{}s", s);
  if (h == 0)
    return fmt::format("{}m {}s", m, s % 60);
  if (h < 24)
    return fmt::format("{}h {}m", h, m % 60);
  return fmt::format("{}d {}h", h / 24, h % 24);
}

std::string counted(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

} // namespace troupe::ctl
