// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_suggest

#include "config/suggest.hpp"

#include "caf_test.hpp"

using namespace troupe::config;

namespace {

constexpr std::string_view words[] = {"interval", "timeout", "rise", "fall",
                                      "passive"};

std::string meant(std::string_view word) {
  return std::string{nearest(word, words).value_or("")};
}

} // namespace

CAF_TEST(an edit is a letter more or less or other or swapped) {
  CAF_CHECK_EQUAL(edit_distance("", ""), 0u);
  CAF_CHECK_EQUAL(edit_distance("abc", "abc"), 0u);
  CAF_CHECK_EQUAL(edit_distance("", "abc"), 3u);
  CAF_CHECK_EQUAL(edit_distance("abc", "ab"), 1u);
  CAF_CHECK_EQUAL(edit_distance("abc", "axc"), 1u);
  CAF_CHECK_EQUAL(edit_distance("abc", "acb"), 1u);
  CAF_CHECK_EQUAL(edit_distance("kitten", "sitting"), 3u);
}

CAF_TEST(typing mistakes find their word) {
  CAF_CHECK_EQUAL(meant("intervall"), "interval");
  CAF_CHECK_EQUAL(meant("intevral"), "interval");
  CAF_CHECK_EQUAL(meant("Timeout"), "timeout");
  CAF_CHECK_EQUAL(meant("time_out"), "timeout");
  CAF_CHECK_EQUAL(meant("rize"), "rise");
}

CAF_TEST(other words find nothing) {
  CAF_CHECK_EQUAL(meant("weight"), "");
  CAF_CHECK_EQUAL(meant("x"), "");
  CAF_CHECK_EQUAL(meant(""), "");
  CAF_CHECK_EQUAL(meant(std::string(1000, 'a')), "");
}

CAF_TEST(without a near word all are listed) {
  CAF_CHECK_EQUAL(suggestion("rize", words, "known: "),
                  "did you mean \"rise\"?");
  CAF_CHECK_EQUAL(suggestion("weight", words, "known: "),
                  "known: interval, timeout, rise, fall, passive");
  CAF_CHECK_EQUAL(suggestion("weight", {}, "known: "), "");
  const std::vector<std::string_view> many(12, "word");
  CAF_CHECK_EQUAL(suggestion("other-thing", many, "known: "),
                  "known: word, word, word, word, word, word, word, word, "
                  "word, word, ...");
}
