// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/failure.hpp"
#include "ctl/top/live_screen.hpp"

// As macros, `erase` and others would replace the words everywhere below.
#define NCURSES_NOMACROS
#include <curses.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace troupe::ctl::top {

namespace {

constexpr int escape_delay_ms = 25;
constexpr int ctrl_c = 3;
constexpr int escape = 27;
constexpr int backspace = 8;
constexpr int rubout = 127;

key key_of(int code) {
  switch (code) {
  case ctrl_c:
    return {key::kind::interrupt};
  case escape:
    return {key::kind::escape};
  case '\r':
  case '\n':
  case KEY_ENTER:
    return {key::kind::enter};
  case backspace:
  case rubout:
  case KEY_BACKSPACE:
    return {key::kind::backspace};
  case KEY_UP:
    return {key::kind::up};
  case KEY_DOWN:
    return {key::kind::down};
  case KEY_PPAGE:
    return {key::kind::page_up};
  case KEY_NPAGE:
    return {key::kind::page_down};
  default:
    if (code >= ' ' && code < rubout)
      return {key::kind::character, static_cast<char>(code)};
    return {};
  }
}

/// Ctrl-C as a key, so that the terminal is given back and the exit code is
/// that of a view which was left, not of one that failed.
void take_interrupts_as_keys() {
  termios settings{};
  if (::tcgetattr(STDIN_FILENO, &settings) != 0)
    return;
  settings.c_cc[VINTR] = _POSIX_VDISABLE;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
  ::def_prog_mode(); // also after Ctrl-Z and back
}

class terminal : public live_screen {
public:
  explicit terminal(bool coloured) {
    std::setlocale(LC_CTYPE, "");
    // initscr() would end the process at a terminal it does not know.
    screen_ = ::newterm(nullptr, stdout, stdin);
    if (screen_ == nullptr)
      throw failure{exit_code::failed,
                    "TERM names no terminal that can move the cursor; "
                    "\"troupectl top --snapshot\" prints the view once"};
    ::cbreak();
    ::noecho();
    take_interrupts_as_keys();
    ::set_escdelay(escape_delay_ms);
    ::keypad(stdscr, TRUE);
    ::nodelay(stdscr, TRUE);
    ::curs_set(0);
    coloured_ = coloured && ::has_colors() && ::start_color() == OK
             && ::use_default_colors() == OK;
    if (coloured_) {
      ::init_pair(pair_of(tone::good), COLOR_GREEN, -1);
      ::init_pair(pair_of(tone::warning), COLOR_YELLOW, -1);
      ::init_pair(pair_of(tone::bad), COLOR_RED, -1);
    }
  }

  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  ~terminal() override {
    ::endwin();
    ::delscreen(screen_);
  }

  frame_size size() override {
    return {static_cast<size_t>(std::max(::getmaxy(stdscr), 1)),
            static_cast<size_t>(std::max(::getmaxx(stdscr), 1))};
  }

  void paint(const std::vector<cells>& frame) override {
    ::werase(stdscr);
    for (size_t row = 0; row < frame.size(); ++row) {
      ::wmove(stdscr, static_cast<int>(row), 0);
      for (const auto& x : frame[row]) {
        ::wattrset(stdscr, static_cast<int>(attributes(x.shade)));
        ::waddnstr(stdscr, x.text.data(), static_cast<int>(x.text.size()));
      }
    }
    ::wattrset(stdscr, A_NORMAL);
    ::wrefresh(stdscr);
  }

  key wait(milliseconds time) override {
    if (const auto code = ::wgetch(stdscr); code != ERR)
      return key_of(code);
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const auto found = ::poll(&input, 1, static_cast<int>(time.count()));
    if (found == 0)
      return {};
    if (found < 0 && errno != EINTR)
      return {key::kind::interrupt};
    // A signal: it was the size, which wgetch() takes note of.
    if (const auto code = ::wgetch(stdscr); code != ERR)
      return key_of(code);
    const bool gone =
      found > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
    return {gone ? key::kind::interrupt : key::kind::none};
  }

private:
  static short pair_of(tone x) {
    return static_cast<short>(static_cast<int>(x) + 1);
  }

  attr_t attributes(tone x) const {
    switch (x) {
    case tone::title:
      return A_BOLD;
    case tone::faint:
      return A_DIM;
    case tone::good:
    case tone::warning:
    case tone::bad:
      return coloured_ ? static_cast<attr_t>(COLOR_PAIR(pair_of(x))) : A_NORMAL;
    case tone::plain:
      break;
    }
    return A_NORMAL;
  }

  SCREEN* screen_ = nullptr;
  bool coloured_ = false;
};

} // namespace

std::unique_ptr<live_screen> open_terminal(bool coloured) {
  return std::make_unique<terminal>(coloured);
}

} // namespace troupe::ctl::top
