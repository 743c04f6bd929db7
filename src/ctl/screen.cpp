// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/screen.hpp"

#include "core/one_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace troupe::ctl {

namespace {

constexpr size_t columns_min = 40;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

size_t columns_of(int fd, bool terminal) {
  winsize size{};
  if (terminal && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  const auto text = environment("COLUMNS");
  size_t columns = 0;
  const auto [end, error] =
    std::from_chars(text.data(), text.data() + text.size(), columns);
  return error == std::errc{} && columns > 0 ? columns : 80;
}

bool continues(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// The first `columns` characters.
std::string_view head_of(std::string_view text, size_t columns) {
  size_t end = 0;
  for (; end < text.size(); ++end)
    if (!continues(text[end]) && columns-- == 0)
      break;
  return text.substr(0, end);
}

std::string_view code_of(tone x) {
  switch (x) {
  case tone::good:
    return "32";
  case tone::warning:
    return "33";
  case tone::bad:
    return "31";
  case tone::faint:
    return "2";
  case tone::title:
    return "1";
  case tone::plain:
    break;
  }
  return "";
}

} // namespace

screen screen_of(int fd) {
  screen result;
  result.terminal = ::isatty(fd) == 1;
  result.columns = std::max(columns_of(fd, result.terminal), columns_min);
  const auto kind = environment("TERM");
  result.paintable = result.terminal && !kind.empty() && kind != "dumb";
  result.coloured =
    result.terminal && environment("NO_COLOR").empty() && kind != "dumb";
  return result;
}

std::string painted(std::string_view text, tone as, const screen& to) {
  const auto code = code_of(as);
  if (!to.coloured || code.empty() || text.empty())
    return std::string{text};
  return "\033[" + std::string{code} + "m" + std::string{text} + "\033[0m";
}

size_t width_of(std::string_view text) noexcept {
  return static_cast<size_t>(std::count_if(
    text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto next = first_character(text);
    if (next.printable)
      result += text.substr(0, next.size);
    else
      result += '?';
    text.remove_prefix(next.size);
  }
  return result;
}

std::string shortened(std::string_view text, size_t columns) {
  static constexpr std::string_view gap = "..";
  const auto width = width_of(text);
  if (width <= columns)
    return std::string{text};
  if (columns <= gap.size())
    return std::string{head_of(text, columns)};
  const auto kept = columns - gap.size();
  const auto behind = kept / 2;
  std::string result{head_of(text, kept - behind)};
  result += gap;
  return result.append(text.substr(head_of(text, width - behind).size()));
}

} // namespace troupe::ctl
