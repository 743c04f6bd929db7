// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/cursor.hpp"
#include "core/routing/substitution.hpp"
#include "core/settings.hpp"

namespace troupe::config {

/// `{match: REGEX, to: TEXT}`.
/// @returns whether both are good.
bool read_substitution(const cursor& in, routing::text_use use,
                       routing::known_variables known,
                       substitution_settings& out);

} // namespace troupe::config
