// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
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

struct file_content {
  std::string bytes;
  std::string problem; ///< "" if there is none
};

/// Reads a file that is shown to everyone, so everyone must be allowed to read
/// it; a link is not followed. Blocks.
file_content read_public_file(const std::string& path, size_t size_max);

} // namespace troupe::config
