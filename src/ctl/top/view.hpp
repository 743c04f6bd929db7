// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe::ctl::top {

/// A key as the view understands it. Others, and a resize, are `none`.
struct key {
  enum class kind : uint8_t {
    none,
    character,
    enter,
    escape,
    backspace,
    up,
    down,
    page_up,
    page_down,
    interrupt ///< Ctrl-C
  };
  kind is = kind::none;
  char character = 0; ///< printable ASCII
};

enum class sorting : uint8_t { name, requests, errors, active };

/// The operator's choices for the view.
struct view {
  sorting sorted = sorting::name;
  std::string filter;  ///< only servers whose BACKEND/SERVER contains it
  bool typing = false; ///< keys go into the filter
  bool help = false;
  size_t skipped = 0; ///< servers above the first one shown
};

/// Applies one key. @returns false if it ends the program.
bool press(view& to, const key& pressed);

} // namespace troupe::ctl::top
