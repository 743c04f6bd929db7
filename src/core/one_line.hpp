// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Texts from outside, made fit for logs and terminals.
namespace troupe {

/// Bytes of the UTF-8 character (RFC 3629) that `text` begins with; 0 when it
/// begins with none, or is empty.
size_t utf8_size(std::string_view text) noexcept;

struct character {
  size_t size = 0;        ///< in bytes; 1 for a byte that is not UTF-8
  bool printable = false; ///< neither that nor any kind of control character
};

/// The first character of `text`. @pre `text` is not empty.
character first_character(std::string_view text) noexcept;

/// `text` as it may stand in a line of a log: whatever came from outside can
/// neither begin a line of its own, nor steer a terminal, nor make the line
/// anything but UTF-8. Line breaks become `\n`, `\r`, `\u2028`, `\u2029`; other
/// control characters and bytes that are not UTF-8 `\x1b`, `\xff`; U+0080 to
/// U+009F and what changes the direction of text `\u0085`, `\u202e`. Everything
/// else, the backslash too, stays.
/// @param bytes_max A longer text is cut and ends in "...": at most that many
/// bytes and three, never a part of a character or of an escape.
std::string one_line(std::string_view text, size_t bytes_max = SIZE_MAX);

} // namespace troupe
