// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace troupe::config {

/// Unified diff with three lines of context, as `diff -u` prints it, for people
/// to read; empty if the texts are equal.
///
/// Shortest edit script after Myers, "An O(ND) difference algorithm and its
/// variations" (1986). Texts more than 1,000 edits apart are shown as replaced
/// from the first difference to the last, which bounds time and memory.
/// @param from_name, to_name Shown in the first two lines.
std::string text_diff(std::string_view from, std::string_view to,
                      std::string_view from_name, std::string_view to_name);

} // namespace troupe::config
