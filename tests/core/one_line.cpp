// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE one_line

#include "core/one_line.hpp"

#include "caf_test.hpp"

#include <random>
#include <string>

using namespace troupe;

namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto size = utf8_size(text);
    if (size == 0)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

} // namespace

CAF_TEST(plain text stays as it is) {
  CAF_CHECK_EQUAL(one_line(""), "");
  CAF_CHECK_EQUAL(one_line("a1 is down: \"x\" \\n ~"),
                  "a1 is down: \"x\" \\n ~");
  CAF_CHECK_EQUAL(one_line("Grüße, 日本, 🎭"), "Grüße, 日本, 🎭");
}

CAF_TEST(no text from outside begins a line) {
  CAF_CHECK_EQUAL(one_line("a\nb\r\nc\td"), "a\\nb\\r\\nc\\td");
  CAF_CHECK_EQUAL(one_line("a\xE2\x80\xA8z\xE2\x80\xA9"), "a\\u2028z\\u2029");
  CAF_CHECK_EQUAL(one_line("\v\f\xC2\x85"), "\\x0b\\x0c\\u0085");
}

CAF_TEST(no text from outside steers a terminal) {
  CAF_CHECK_EQUAL(one_line("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  CAF_CHECK_EQUAL(one_line(std::string_view{"\0a", 2}), "\\x00a");
  CAF_CHECK_EQUAL(one_line("\xC2\x9B"
                           "2J"),
                  "\\u009b2J");
  CAF_CHECK_EQUAL(one_line("\x9B"
                           "2J"),
                  "\\x9b2J");
  CAF_CHECK_EQUAL(one_line("\xE2\x80\xAE"
                           "abc\xE2\x81\xA9\xD8\x9C"),
                  "\\u202eabc\\u2069\\u061c");
  CAF_CHECK_EQUAL(one_line("\xC2\xA0\xE2\x80\xA7"), "\xC2\xA0\xE2\x80\xA7");
}

CAF_TEST(what is not UTF - 8 is shown byte by byte) {
  CAF_CHECK_EQUAL(one_line("a\xff\xfe"), "a\\xff\\xfe");
  CAF_CHECK_EQUAL(one_line("\xC3"), "\\xc3");                   // cut
  CAF_CHECK_EQUAL(one_line("\xC0\x8A"), "\\xc0\\x8a");          // overlong
  CAF_CHECK_EQUAL(one_line("\xED\xA0\x80"), "\\xed\\xa0\\x80"); // surrogate
  CAF_CHECK_EQUAL(one_line("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

CAF_TEST(what is too long is cut between characters) {
  CAF_CHECK_EQUAL(one_line("abcdef", 6), "abcdef");
  CAF_CHECK_EQUAL(one_line("abcdefg", 6), "abcdef...");
  CAF_CHECK_EQUAL(one_line("abcd\x1b", 6), "abcd...");
  CAF_CHECK_EQUAL(one_line("abcd\x1b", 8), "abcd\\x1b");
  CAF_CHECK_EQUAL(one_line("abcdeü", 6), "abcde...");
  CAF_CHECK_EQUAL(one_line("\n", 0), "...");
}

CAF_TEST(whatever comes the result is one printable line of UTF - 8) {
  std::mt19937 random{1};
  for (int n = 0; n < 20'000; ++n) {
    std::string text(random() % 12, '\0');
    for (auto& c : text)
      c = static_cast<char>(random() % 3 == 0 ? random() % 0x30
                                              : 0x70 + random() % 0x90);
    const auto line = one_line(text);
    CAF_CHECK(is_utf8(line));
    CAF_CHECK(line.find_first_of("\n\r\x1b\x7f") == std::string::npos);
    for (size_t i = 0; i + 1 < line.size(); ++i)
      CAF_CHECK(
        !(line[i] == '\xC2' && static_cast<unsigned char>(line[i + 1]) < 0xA0));
  }
}
