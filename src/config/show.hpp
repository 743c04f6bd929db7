// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

/// How texts of a file are shown in messages about it.
namespace troupe::config {

/// At most 60 bytes of `text` as one_line() shows it.
std::string cut(std::string_view text);

/// A value after "got": numbers and the like bare (`0`, `-1`, `10s`), anything
/// else in quotes.
std::string show(std::string_view value);

} // namespace troupe::config
