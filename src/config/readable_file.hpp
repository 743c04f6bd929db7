// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace troupe::config {

enum class file_access : uint8_t {
  anyone,
  owner_only, ///< a secret: no access for group and others
};

/// Looks at a file that will be read later. Blocks.
/// @returns its error, "" if there is none.
std::string check_file(const std::string& path, file_access allowed);

} // namespace troupe::config
