// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::ctl {

/// Where text goes.
struct screen {
  size_t columns = 80;
  bool terminal = false; ///< a user may be watching: progress may be shown
  bool coloured = false;
  bool paintable = false; ///< its cursor can be moved
};

/// The properties of the device behind a descriptor. A terminal has its own
/// width, anything else COLUMNS or 80. Colour needs a terminal, and that
/// neither NO_COLOR nor TERM=dumb is set; to be painted on, a terminal that
/// TERM names and that is not dumb.
screen screen_of(int fd);

/// The meaning of a colour; words always say the same.
enum class tone : uint8_t { plain, good, warning, bad, faint, title };

/// `text`, coloured if `to` is.
std::string painted(std::string_view text, tone as, const screen& to);

/// Columns that `text` takes: its UTF-8 characters.
size_t width_of(std::string_view text) noexcept;

/// Control characters and bytes that are not UTF-8 become '?': what clients and
/// servers call themselves must not steer the operator's terminal.
std::string printable(std::string_view text);

/// At most `columns` wide, with ".." where the middle was: both ends of names
/// and addresses matter.
std::string shortened(std::string_view text, size_t columns);

} // namespace troupe::ctl
