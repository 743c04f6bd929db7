// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"

#include "core/ascii.hpp"
#include "net/http1/text_scan.hpp"

#include <cstring>

namespace troupe::net::http1 {

namespace {

/// As servers of the CGI kind read it in a name.
constexpr char folded(char c) noexcept {
  const char x = ascii_lower(c);
  return (x >= 'a' && x <= 'z') || (x >= '0' && x <= '9') ? x : '-';
}

/// Some bytes as a number, so that they are compared at once.
template <class Word>
[[gnu::always_inline]] inline Word load(const char* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Eight bytes with their letters in lower case; no byte takes part in the
/// arithmetic of its neighbour.
uint64_t lower_all(uint64_t word) noexcept {
  constexpr uint64_t ones = 0x0101010101010101;
  constexpr uint64_t high = 0x80 * ones;
  const auto low = word & ~high;
  const auto from_a = low + (0x80 - 'A') * ones;
  const auto above_z = low + (0x7f - 'Z') * ones;
  return word | (((from_a ^ above_z) & ~word & high) >> 2);
}

/// Whether a name is a known one of the same size, given in lower case. Among
/// token characters, 0x20 turns nothing but upper-case letters into what known
/// names are made of.
template <size_t Size>
[[gnu::always_inline]] inline bool is(const char* name,
                                      const char (&known)[Size]) noexcept {
  constexpr auto length = Size - 1;
  const auto same = [=, &known]<class Word>(size_t at, Word) {
    constexpr auto blanks = static_cast<Word>(0x2020202020202020);
    return (load<Word>(name + at) | blanks) == load<Word>(known + at);
  };
  // Two loads may overlap; a third is needed for none but the longest.
  if constexpr (length > 2 * sizeof(uint64_t))
    return same(0, uint64_t{}) && same(8, uint64_t{})
        && same(length - 8, uint64_t{});
  else if constexpr (length >= sizeof(uint64_t))
    return same(0, uint64_t{}) && same(length - 8, uint64_t{});
  else if constexpr (length >= sizeof(uint32_t))
    return same(0, uint32_t{}) && same(length - 4, uint32_t{});
  else
    return same(0, uint16_t{}) && same(length - 2, uint16_t{});
}

/// A name that begins with "x" and is not known by itself.
known_field lookup_other_x(std::string_view name) noexcept {
  for (const std::string_view known :
       {"x-real-ip", "x-request-id", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-port", "x-forwarded-proto"})
    if (compare_names(name, known) == likeness::alias)
      return known_field::alias;
  constexpr std::string_view family = "x-forwarded-";
  switch (compare_names(name.substr(0, family.size()), family)) {
  case likeness::same:
    return known_field::x_forwarded_other;
  case likeness::alias:
    return known_field::alias;
  default:
    return known_field::other;
  }
}

/// A name that is none of those known, but may pass for one: that takes a dash
/// in it.
known_field lookup_other(std::string_view name) noexcept {
  constexpr size_t shortest = 9;
  if (name.size() < shortest)
    return known_field::other;
  const auto unless_alias = [=](std::string_view known) {
    return compare_names(name, known) == likeness::alias ? known_field::alias
                                                         : known_field::other;
  };
  switch (name.front() | 0x20) {
  case 'c':
    return unless_alias("content-length");
  case 'h':
    return unless_alias("http2-settings");
  case 'k':
    return unless_alias("keep-alive");
  case 'p':
    return unless_alias("proxy-connection");
  case 't':
    return unless_alias("transfer-encoding");
  case 'x':
    return lookup_other_x(name);
  default:
    return known_field::other;
  }
}

/// One of those that have a name of their own, or `other`.
[[gnu::always_inline]] inline known_field
lookup_exact(std::string_view name) noexcept {
  using enum known_field;
  const auto* at = name.data();
  switch (name.size()) {
  case 2:
    return is(at, "te") ? te : other;
  case 3:
    return is(at, "via") ? via : other;
  case 4:
    return is(at, "host") ? host : other;
  case 6:
    return is(at, "expect") ? expect : other;
  case 7:
    return is(at, "upgrade") ? upgrade : is(at, "trailer") ? trailer : other;
  case 9:
    return is(at, "forwarded") ? forwarded
         : is(at, "x-real-ip") ? x_real_ip
                               : other;
  case 10:
    return is(at, "connection") ? connection
         : is(at, "keep-alive") ? keep_alive
                                : other;
  case 12:
    return is(at, "x-request-id") ? x_request_id : other;
  case 14:
    return is(at, "content-length") ? content_length
         : is(at, "http2-settings") ? http2_settings
                                    : other;
  case 15:
    return is(at, "x-forwarded-for") ? x_forwarded_for : other;
  case 16:
    return is(at, "x-forwarded-host") ? x_forwarded_host
         : is(at, "x-forwarded-port") ? x_forwarded_port
         : is(at, "proxy-connection") ? proxy_connection
                                      : other;
  case 17:
    return is(at, "transfer-encoding") ? transfer_encoding
         : is(at, "x-forwarded-proto") ? x_forwarded_proto
                                       : other;
  default:
    return other;
  }
}

} // namespace

likeness compare_names(std::string_view received,
                       std::string_view known) noexcept {
  if (received.size() != known.size())
    return likeness::different;
  auto result = likeness::same;
  for (size_t i = 0; i < known.size(); ++i) {
    if (ascii_lower(received[i]) == ascii_lower(known[i]))
      continue;
    if (folded(received[i]) != folded(known[i]))
      return likeness::different;
    result = likeness::alias;
  }
  return result;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size())
    return false;
  constexpr auto step = sizeof(uint64_t);
  size_t at = 0;
  for (; a.size() - at >= step; at += step)
    if (lower_all(load<uint64_t>(a.data() + at))
        != lower_all(load<uint64_t>(b.data() + at)))
      return false;
  for (; at < a.size(); ++at)
    if (ascii_lower(a[at]) != ascii_lower(b[at]))
      return false;
  return true;
}

bool is_token_char(char c) noexcept { return is_text<text_kind::token>(c); }

bool is_token(std::string_view text) noexcept {
  return !text.empty() && is_all<text_kind::token>(text);
}

bool is_token_list(std::string_view list) noexcept {
  return for_each_member(list, is_token);
}

bool is_field_value(std::string_view text) noexcept {
  return is_all<text_kind::value>(text);
}

std::string_view trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

known_field lookup(std::string_view name) noexcept {
  const auto found = lookup_exact(name);
  return found != known_field::other ? found : lookup_other(name);
}

} // namespace troupe::net::http1
