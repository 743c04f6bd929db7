// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace troupe::ctl {

/// The changes from one text to another, as diff -u shows them: three lines of
/// context, a last line without an end marked. Empty if they are the same.
///
/// Shortest for texts that differ in up to a thousand lines (E. W. Myers, An
/// O(ND) Difference Algorithm, 1986); beyond that everything between the common
/// beginning and the common end is replaced.
std::string unified_diff(std::string_view from, std::string_view to,
                         std::string_view from_name, std::string_view to_name);

} // namespace troupe::ctl
