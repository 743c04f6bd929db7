// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/cursor.hpp"
#include "core/settings.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::config {

/// A file whose contents are sent as they are. It is read here, so that what
/// it holds changes with a reload only.
void read_page(const cursor& in, page_settings& out);

/// `error_pages` of a frontend: statuses with files.
void read_error_pages(const cursor& in,
                      std::vector<std::pair<unsigned, page_settings>>& out);

/// Of what all pages hold; 0 if there are none.
uint64_t hash_of_pages(const settings& all);

} // namespace troupe::config
