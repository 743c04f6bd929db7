// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::admin {

/// A request target in its two parts.
struct target {
  std::string path;  ///< percent-decoded, begins with '/'
  std::string query; ///< as received, without the '?'
};

/// Splits "/v1/backends?watch=1".
/// @returns nothing unless `text` begins with '/' and its path can be decoded.
std::optional<target> split_target(std::string_view text);

/// @returns nothing unless every '%' stands for a byte and the whole is UTF-8
/// without control characters: it may be shown, logged and put into JSON.
std::optional<std::string> percent_decoded(std::string_view text);

} // namespace troupe::admin
