// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/report.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::config {

struct bad_character {
  position at;
  std::string what;
};

/// Finds the first byte that is not UTF-8 (RFC 3629) or is a control character
/// other than tab, line feed and carriage return. yaml-cpp replaces such bytes
/// silently, and takes 0x04 for the end of the file.
std::optional<bad_character> find_bad_character(std::string_view text);

} // namespace troupe::config
