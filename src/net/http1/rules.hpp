// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"
#include "net/http1/fields.hpp"
#include "net/http1/head_writer.hpp"

#include <string_view>

namespace troupe::net::http1 {

/// @returns `rules` without what could change framing or inject a line; of
/// several values set for one name the last.
header_rules checked_rules(const header_rules& rules);

/// Whether the rules replace or remove this field.
bool overrides(const header_rules& rules, std::string_view name) noexcept;

/// How a received name relates to those that the rules replace or remove: a
/// server could take an alias for one of them (rule 112).
likeness compare_names(std::string_view received,
                       const header_rules& rules) noexcept;

/// The value set for this field, or nullptr.
const std::string* set_value(const header_rules& rules,
                             std::string_view name) noexcept;

/// Writes the fields that the rules set.
/// @param except A name already written.
void write_set(const header_rules& rules, head_writer& out,
               std::string_view except = {}) noexcept;

/// Bytes write_set() writes at the most.
size_t set_size(const header_rules& rules) noexcept;

} // namespace troupe::net::http1
