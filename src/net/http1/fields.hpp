// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head.hpp"

#include <string_view>

/// Small rules of RFC 9110 section 5 that parsing and forwarding share.
namespace troupe::net::http1 {

/// Compares without regard to ASCII case.
bool iequals(std::string_view a, std::string_view b) noexcept;

/// tchar of RFC 9110 section 5.6.2.
bool is_token_char(char c) noexcept;

/// One or more tchar.
bool is_token(std::string_view text) noexcept;

/// HTAB, SP, VCHAR and obs-text only: safe to write behind `Name: `.
bool is_field_value(std::string_view text) noexcept;

/// Without SP and HTAB at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Which field this name is, by its length and first letter.
known_field lookup(std::string_view name) noexcept;

/// @returns Whether a line of this name belongs to one connection, or to the
/// framing which the balancer writes itself.
bool is_connection_field(known_field name) noexcept;

/// Calls `visit` for every member of a comma-separated list that is not empty,
/// until it returns false.
/// @returns false when `visit` did.
template <class Visit>
bool for_each_member(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto member = trim(list.substr(0, comma));
    if (!member.empty() && !visit(member))
      return false;
    if (comma == std::string_view::npos)
      break;
    list.remove_prefix(comma + 1);
  }
  return true;
}

} // namespace troupe::net::http1
