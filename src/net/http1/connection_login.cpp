// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_login.hpp"

#include "net/http1/fields.hpp"

#include <algorithm>
#include <array>

namespace troupe::net::http1 {

namespace {

/// "Nego2" is Microsoft's extension of Negotiate.
constexpr std::array<std::string_view, 3> schemes{"ntlm", "negotiate", "nego2"};

constexpr std::string_view authorization = "authorization";
constexpr std::string_view proxy_authorization = "proxy-authorization";
constexpr std::string_view www_authenticate = "www-authenticate";
constexpr std::string_view proxy_authenticate = "proxy-authenticate";

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
      || (c >= '0' && c <= '9');
}

/// Takes the next word off `text`; an empty one is the end.
std::string_view take_word(std::string_view& text) noexcept {
  const auto begin = std::find_if(text.begin(), text.end(), is_letter_or_digit);
  const auto end = std::find_if_not(begin, text.end(), is_letter_or_digit);
  const std::string_view word{begin, end};
  text = {end, text.end()};
  return word;
}

bool is_scheme(std::string_view word) noexcept {
  return std::any_of(schemes.begin(), schemes.end(),
                     [&](auto scheme) { return iequals(word, scheme); });
}

/// Any word of it: lists of challenges are separated by the same commas as
/// their parameters, and quoted text is not worth a parser here.
bool names_scheme(std::string_view value) noexcept {
  for (auto word = take_word(value); !word.empty(); word = take_word(value))
    if (is_scheme(word))
      return true;
  return false;
}

/// Two names of different lengths, so that most lines are told by theirs.
bool is_either(std::string_view name, std::string_view a,
               std::string_view b) noexcept {
  return (name.size() == a.size() && iequals(name, a))
      || (name.size() == b.size() && iequals(name, b));
}

} // namespace

bool logs_in(const request_head& head) noexcept {
  for (const auto& line : head.all())
    if (is_either(line.name, authorization, proxy_authorization)) {
      auto credentials = line.value; // long ones: only their first word counts
      if (is_scheme(take_word(credentials)))
        return true;
    }
  return false;
}

bool offers_login(const response_head& head) noexcept {
  if (head.status != 401 && head.status != 407)
    return false;
  for (const auto& line : head.all())
    if (is_either(line.name, www_authenticate, proxy_authenticate)
        && names_scheme(line.value))
      return true;
  return false;
}

} // namespace troupe::net::http1
