// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

/// Files that verbs read and write.
namespace troupe::ctl {

inline constexpr auto default_file = "/etc/troupe/troupe.yaml";

/// @param path "-" is standard input. @throws failure
std::string read_file(const std::string& path);

/// Replaces a file as a whole: readers see the old text or the new
/// one. Its mode and owner stay; a symbolic link is followed. @throws failure
void replace_file(const std::string& path, const std::string& text);

} // namespace troupe::ctl
