// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/substitution.hpp"

#include "core/routing/regex.hpp"

#include <algorithm>
#include <array>
#include <re2/re2.h>
#include <span>

namespace troupe::routing {

namespace {

constexpr size_t groups_max = 10; // \0 to \9

using group_list = std::array<re2::StringPiece, groups_max>;

std::string_view view(const re2::StringPiece& x) {
  return {x.data(), x.size()};
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Calls `piece` with each text and the two characters of the escape behind
/// it; at the end, and where a `\` escapes nothing, the escape is "" or `\`.
template <class Piece>
void for_each_piece(std::string_view to, Piece&& piece) {
  while (!to.empty()) {
    const auto text = to.substr(0, to.find('\\'));
    to.remove_prefix(text.size());
    const bool escapes = to.size() > 1 && (is_digit(to[1]) || to[1] == '\\');
    const auto escape = to.substr(0, escapes ? 2 : 1);
    to.remove_prefix(escape.size());
    piece(text, escape);
  }
}

/// Appends a text in which a `\` is only a `\`.
void append_escaped(std::string_view text, std::string& to) {
  for (const char c : text) {
    if (c == '\\')
      to += '\\';
    to += c;
  }
}

/// @param instead As fill() left it.
void append_instead(std::string_view instead, const group_list& groups,
                    text_use use, std::string& to) {
  for_each_piece(instead, [&](std::string_view text, std::string_view escape) {
    to += text;
    if (escape == "\\\\") {
      to += '\\';
    } else if (!escape.empty()) {
      const auto group = view(groups[static_cast<size_t>(escape[1] - '0')]);
      if (use == text_use::path)
        append_encoded(group, to);
      else
        to += group;
    }
  });
}

} // namespace

substitution::substitution(const std::string& match, std::string_view to,
                           text_use use)
  : regex_(compile_regex(match, true)), use_(use) {
  for_each_piece(to, [this](std::string_view text, std::string_view escape) {
    parts_.push_back({text_template{text}, std::string{escape}});
  });
  // The first search sets up the automaton: not while a client waits.
  std::string unused;
  for (const std::string_view common : {"", "/index.html", "text/html; a=b"})
    replace(common, "", unused);
}

substitution::substitution(substitution&&) noexcept = default;
substitution& substitution::operator=(substitution&&) noexcept = default;
substitution::~substitution() = default;

std::string substitution::problem(const std::string& match, std::string_view to,
                                  known_variables known) {
  const auto regex = compile_regex(match, true);
  const int groups = regex->ok() ? regex->NumberOfCapturingGroups() : 0;
  std::string result;
  for_each_piece(to, [&](std::string_view text, std::string_view escape) {
    if (!result.empty())
      return;
    result = text_template::problem(text, known);
    if (!result.empty() || escape.empty() || escape == "\\\\")
      return;
    if (escape.size() == 1)
      result =
        "a `\\` stands in front of the number of a group or another `\\`";
    else if (escape[1] - '0' > groups)
      result = "the regex has no group " + std::string{escape.substr(1)}
             + ", it has " + std::to_string(groups);
  });
  return result;
}

void substitution::fill(const variable_values& from, std::string& to) const {
  std::string value;
  for (const auto& x : parts_) {
    value.clear();
    if (use_ == text_use::path)
      x.text.append_encoded(from, value);
    else
      x.text.append_line(from, value);
    append_escaped(value, to);
    to += x.escape;
  }
}

substitution::outcome substitution::replace(std::string_view text,
                                            std::string_view instead,
                                            std::string& to) const {
  const re2::StringPiece whole{text.data(), text.size()};
  const auto groups_wanted = static_cast<int>(std::min<size_t>(
    groups_max, static_cast<size_t>(1 + regex_->NumberOfCapturingGroups())));
  const auto size_before = to.size();
  group_list groups;
  size_t copied = 0;
  bool any = false;
  for (size_t at = 0; at <= text.size();) {
    if (!regex_->Match(whole, at, text.size(), re2::RE2::UNANCHORED,
                       groups.data(), groups_wanted))
      break;
    const auto begin = static_cast<size_t>(groups[0].data() - text.data());
    const auto size = groups[0].size();
    if (size == 0 && any && begin == copied) { // it has been replaced already
      at = begin + 1;
      continue;
    }
    to += text.substr(copied, begin - copied);
    append_instead(instead, groups, use_, to);
    any = true;
    copied = begin + size;
    at = size == 0 ? begin + 1 : copied;
    if (to.size() - size_before > size_max)
      return outcome::too_long;
  }
  if (!any)
    return outcome::no_match;
  to += text.substr(copied);
  return to.size() - size_before > size_max ? outcome::too_long
                                            : outcome::replaced;
}

bool substitution::names_query() const noexcept {
  return std::ranges::any_of(
    parts_, [](const part& x) { return x.text.names_query(); });
}

} // namespace troupe::routing
