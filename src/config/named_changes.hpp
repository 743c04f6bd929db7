// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// What differs between two texts of a configuration, in words that name what
/// has changed: "frontend web, route api: timeout_response: 30s, was 60s".
/// Elements of lists are the same where their names are, wherever they stand;
/// routes without a name, where their numbers are. Comments and the way a value
/// is written do not count.
/// @returns one line each; none if a text cannot be read.
std::vector<std::string> named_changes(std::string_view from,
                                       std::string_view to);

} // namespace troupe::config
