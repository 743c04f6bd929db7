// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Which route a request takes: pure rules, without a socket or a clock.
namespace troupe::routing {

/// Rule 121: the two readings of a path. They serve for matching only; the
/// server gets what the client sent. docs/routing.md has a table of examples.
///
/// *A* is the normal form of RFC 3986 (section 6.2.2): a letter, digit, `-`,
/// `.`, `_` or `~` stands for itself and is not percent-encoded, what may not
/// stand in a path is, with upper-case digits (a `%` that begins no triplet is
/// `%25`); empty segments are merged, dot segments removed.
///
/// *B* is what the most lenient server makes of it: percent-encoding is decoded
/// until none is left, `\` is a `/`, `;` hides the rest of its segment, NUL
/// ends the path; then as A. What may stand in no path even then, `?`, `#` and
/// a `%` stay encoded, so that every path can be written in one way.
///
/// Both begin with `/`, have only characters of RFC 3986's pchar and `/`, and
/// are their own readings A. A path that does not begin with `/` (`*`) is its
/// own A and B.
struct path_readings {
  std::string_view a;
  std::string_view b;
};

/// The bytes that read_path() may need for a path of `size` bytes.
constexpr size_t readings_bytes(size_t size) noexcept { return 6 * size; }

/// Reads a path in time proportional to its length, without allocating.
/// @param buffer Where readings go that differ from the path. Most paths are
/// their own readings and need none.
/// @returns views into `path` or `buffer`; nothing if the path needs a buffer
/// and `buffer` has fewer than readings_bytes() bytes.
std::optional<path_readings> read_path(std::string_view path,
                                       std::span<char> buffer) noexcept;

/// A path or prefix as a configuration has it.
struct written_path {
  bool good = false; ///< begins with `/` and is both of these, or is `*`
  std::string a;     ///< what could be written instead if it equals `b`
  std::string b;
};

/// Whether routes may name this path: one that is not its own reading A and B
/// would never match, or match another path than it seems to.
written_path check_written_path(std::string_view path);

} // namespace troupe::routing
