// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/section_texts.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// A file's text with other shared sections: edited in place if that reads as
/// it should and gives back the same sections, else rewritten.
/// @param own The result of read_sections() for `text`.
/// @returns nothing if neither works.
std::optional<std::string>
replace_sections(std::string_view text, document& own,
                 const std::vector<section_text>& by);

} // namespace troupe::config
