// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Finds where the texts end that a head is made of: 16 bytes at a time where
/// the machine can (SSE2 belongs to every x86-64), byte by byte elsewhere.
/// Never reads outside of the bytes given.
namespace troupe::net::http1 {

/// Optional whitespace (RFC 9110 section 5.6.3).
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// The kinds of text, as bits of `text_bytes`.
enum class text_kind : uint8_t {
  token = 1,  ///< tchar of RFC 9110 section 5.6.2: methods and names
  word = 2,   ///< neither blank nor control: what a target's end is found by
  target = 4, ///< VCHAR but for `#`: what a target may have
  value = 8,  ///< HTAB, SP, VCHAR and obs-text: field values and reasons
};

/// The kinds that each byte may be part of.
inline constexpr auto text_bytes = [] {
  std::array<uint8_t, 256> table{};
  const auto add = [&](unsigned c, text_kind kind) {
    table[c] = static_cast<uint8_t>(table[c] | static_cast<uint8_t>(kind));
  };
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (letter || (c >= '0' && c <= '9'))
      add(c, text_kind::token);
    if (c > 0x20 && c != 0x7f)
      add(c, text_kind::word);
    if (c > 0x20 && c < 0x7f && c != '#')
      add(c, text_kind::target);
    if ((c >= 0x20 && c != 0x7f) || c == '\t')
      add(c, text_kind::value);
  }
  for (const unsigned char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-',
                                '.', '^', '_', '`', '|', '~'})
    add(c, text_kind::token);
  return table;
}();

template <text_kind Kind>
constexpr bool is_text(char c) noexcept {
  return (text_bytes[static_cast<unsigned char>(c)]
          & static_cast<uint8_t>(Kind))
      != 0;
}

/// The first byte of [at, last) that is no text of this kind, or `last`.
template <text_kind Kind>
constexpr const char* skip_bytes(const char* at, const char* last) noexcept {
  while (at != last && is_text<Kind>(*at))
    ++at;
  return at;
}

#if defined(__SSE2__)

/// One bit for each of 16 bytes that may end a text of this kind: all that do,
/// and the rarer ones of a token, which are dear to tell apart.
template <text_kind Kind>
unsigned suspects(const char* at) noexcept {
  const auto all = [](int c) { return _mm_set1_epi8(static_cast<char>(c)); };
  const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto up_to = [](__m128i x, __m128i max) {
    return _mm_cmpeq_epi8(_mm_min_epu8(x, max), x);
  };
  const auto mask = [](__m128i x) {
    return static_cast<unsigned>(_mm_movemask_epi8(x));
  };
  if constexpr (Kind == text_kind::token) {
    const auto lower = _mm_or_si128(bytes, all(0x20));
    const auto letter = up_to(_mm_sub_epi8(lower, all('a')), all(25));
    const auto digit = up_to(_mm_sub_epi8(bytes, all('0')), all(9));
    const auto dash = up_to(_mm_sub_epi8(bytes, all('-')), all(1)); // - .
    return mask(_mm_or_si128(_mm_or_si128(letter, digit), dash)) ^ 0xffff;
  } else if constexpr (Kind == text_kind::target) {
    const auto beyond = _mm_cmpeq_epi8(_mm_max_epu8(bytes, all(0x7f)), bytes);
    return mask(_mm_or_si128(_mm_or_si128(up_to(bytes, all(0x20)), beyond),
                             _mm_cmpeq_epi8(bytes, all('#'))));
  } else if constexpr (Kind == text_kind::word) {
    return mask(
      _mm_or_si128(up_to(bytes, all(0x20)), _mm_cmpeq_epi8(bytes, all(0x7f))));
  } else {
    const auto control = up_to(bytes, all(0x1f));
    const auto tab = _mm_cmpeq_epi8(bytes, all('\t'));
    return mask(_mm_or_si128(_mm_andnot_si128(tab, control),
                             _mm_cmpeq_epi8(bytes, all(0x7f))));
  }
}

/// The first byte of [at, last) that is no text of this kind, or `last`.
/// @param first Start of the bytes that may be read; not behind `at`.
template <text_kind Kind>
const char* skip(const char* first, const char* at, const char* last) noexcept {
  constexpr auto width = 16;
  for (;;) {
    unsigned found = 0;
    if (last - at >= width) {
      found = suspects<Kind>(at);
      if (found == 0) {
        at += width;
        continue;
      }
    } else if (last - first >= width && at != last) {
      // The last 16 bytes, without what comes before `at`.
      found = suspects<Kind>(last - width) >> (width - (last - at));
      if (found == 0)
        return last;
    } else {
      return skip_bytes<Kind>(at, last);
    }
    at += std::countr_zero(found);
    if (Kind != text_kind::token || !is_text<Kind>(*at))
      return at;
    ++at;
  }
}

#else

template <text_kind Kind>
const char* skip(const char*, const char* at, const char* last) noexcept {
  return skip_bytes<Kind>(at, last);
}

#endif

/// Whether all of it is text of this kind.
template <text_kind Kind>
bool is_all(std::string_view bytes) noexcept {
  const auto* last = bytes.data() + bytes.size();
  return skip<Kind>(bytes.data(), bytes.data(), last) == last;
}

} // namespace troupe::net::http1
