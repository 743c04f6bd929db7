// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/document.hpp"

#include <optional>
#include <string>

namespace troupe::config {

/// A map as YAML in block style: aliases written out, comments gone. Reads back
/// as the same tree.
/// @returns nothing if that takes more than `size_max` bytes.
std::optional<std::string> emit(const node& map, size_t size_max);

} // namespace troupe::config
