// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head.hpp"

#include <string_view>

/// Small rules of RFC 9110 section 5 that parsing and forwarding share.
namespace troupe::net::http1 {

/// Compares without regard to ASCII case.
bool iequals(std::string_view a, std::string_view b) noexcept;

/// How a received name relates to another one (rule 112).
enum class likeness : uint8_t {
  different,
  alias, ///< the same once all but letters and digits is read as `-`
  same,  ///< without regard to ASCII case
};

/// Compares a received name with `known`.
likeness compare_names(std::string_view received,
                       std::string_view known) noexcept;

/// tchar of RFC 9110 section 5.6.2.
bool is_token_char(char c) noexcept;

/// One or more tchar.
bool is_token(std::string_view text) noexcept;

/// HTAB, SP, VCHAR and obs-text only: safe to write behind `Name: `.
bool is_field_value(std::string_view text) noexcept;

/// Without SP and HTAB at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Which field this name is, or `alias` if it only passes for one.
/// @param name Of token characters only.
known_field lookup(std::string_view name) noexcept;

/// @returns Whether a line of this name belongs to one connection, or to the
/// framing which the balancer writes itself.
constexpr bool is_connection_field(known_field name) noexcept {
  using enum known_field;
  constexpr auto set = [](auto... names) {
    return ((1U << static_cast<unsigned>(names)) | ...);
  };
  constexpr auto all =
    set(connection, content_length, http2_settings, keep_alive,
        proxy_connection, te, transfer_encoding, upgrade);
  return ((all >> static_cast<unsigned>(name)) & 1) != 0;
}

/// Whether a line of this name is never sent on, named by Connection or not.
constexpr bool is_hop_by_hop(known_field name) noexcept {
  return is_connection_field(name) && name != known_field::content_length;
}

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

/// Whether every member of a list is a token (RFC 9110 section 5.6.1).
bool is_token_list(std::string_view list) noexcept;

} // namespace troupe::net::http1
