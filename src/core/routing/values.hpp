// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/request_view.hpp"

#include <optional>
#include <string_view>

/// Rule 119: what the values of conditions mean. Nothing allocates.
namespace troupe::routing {

/// Compares names of header fields: ASCII case does not count.
bool is_same_field(std::string_view a, std::string_view b) noexcept;

/// Whether `host` is `pattern`, or one or more labels in front of it if it
/// begins with `*`. An empty host is none.
bool is_host_of(std::string_view pattern, std::string_view host) noexcept;

/// Whether a path begins with the segments of `prefix`, with or without a `/`
/// at its end. Both begin with `/`, else it does not.
bool is_below(std::string_view prefix, std::string_view path) noexcept;

/// Whether a query has this pair. Name and value of the query are decoded once;
/// a `%` that begins no triplet, and `+`, stand for themselves.
bool has_pair(std::string_view query, std::string_view name,
              std::string_view value) noexcept;

/// The value of the first cookie of that name (RFC 6265 section 4.2.1), over
/// all Cookie lines. What has no `=` is no cookie; quotes belong to the value.
std::optional<std::string_view> first_cookie(const header_lines& headers,
                                             std::string_view name) noexcept;

} // namespace troupe::routing
