// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/top/view.hpp"

namespace troupe::ctl::top {

namespace {

constexpr size_t page = 10;
constexpr size_t filter_max = 64;

void type(view& to, const key& pressed) {
  switch (pressed.is) {
  case key::kind::character:
    if (to.filter.size() < filter_max)
      to.filter += pressed.character;
    break;
  case key::kind::backspace:
    if (!to.filter.empty())
      to.filter.pop_back();
    break;
  case key::kind::escape:
    to.filter.clear();
    to.typing = false;
    break;
  case key::kind::enter:
    to.typing = false;
    break;
  default:
    return;
  }
  to.skipped = 0;
}

void up(view& to, size_t rows) {
  to.skipped -= to.skipped < rows ? to.skipped : rows;
}

sorting after(sorting x) {
  return x == sorting::active
         ? sorting::name
         : static_cast<sorting>(static_cast<uint8_t>(x) + 1);
}

bool command(view& to, char x) {
  switch (x) {
  case 'q':
    return false;
  case 's':
    to.sorted = after(to.sorted);
    to.skipped = 0;
    break;
  case '/':
    to.typing = true;
    break;
  case 'h':
  case '?':
    to.help = true;
    break;
  default:
    break;
  }
  return true;
}

} // namespace

bool press(view& to, const key& pressed) {
  if (pressed.is == key::kind::interrupt)
    return false;
  if (pressed.is == key::kind::none)
    return true;
  if (to.help) {
    to.help = false;
    return true;
  }
  if (to.typing) {
    type(to, pressed);
    return true;
  }
  switch (pressed.is) {
  case key::kind::character:
    return command(to, pressed.character);
  case key::kind::escape:
    to.filter.clear();
    to.skipped = 0;
    break;
  case key::kind::up:
    up(to, 1);
    break;
  case key::kind::page_up:
    up(to, page);
    break;
  case key::kind::down:
    ++to.skipped;
    break;
  case key::kind::page_down:
    to.skipped += page;
    break;
  default:
    break;
  }
  return true;
}

} // namespace troupe::ctl::top
