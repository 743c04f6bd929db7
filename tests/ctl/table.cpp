// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_table

#include "ctl/table.hpp"

#include "caf_test.hpp"

#include <sstream>

using namespace troupe::ctl;

namespace {

table sample(std::string name) {
  table result{{{"NAME", false, true}, {"COUNT", true}, {"STATE"}}};
  result.add({std::move(name), "7", {"down", tone::bad}});
  return result;
}

size_t widest(const std::string& text) {
  std::istringstream in{text};
  size_t result = 0;
  for (std::string line; std::getline(in, line);)
    result = std::max(result, width_of(line));
  return result;
}

} // namespace

CAF_TEST(columns are as wide as their contents and numbers end together) {
  const auto text = sample("app/a1").render({});
  CAF_CHECK_EQUAL(text, "NAME    COUNT  STATE\n"
                        "app/a1      7  down\n");
}

CAF_TEST(a table without colour has no escape sequences) {
  CAF_CHECK_EQUAL(sample("a").render({}).find('\033'), std::string::npos);
  const screen bright{80, true, true};
  const auto text = sample("a").render(bright);
  CAF_CHECK(text.find("\033[31mdown\033[0m") != std::string::npos);
}

CAF_TEST(a column that may shrink keeps both ends of a long text) {
  const auto text =
    sample(std::string(50, 'x') + std::string(50, 'y')).render({});
  CAF_CHECK_EQUAL(widest(text), 80u);
  CAF_CHECK(text.find("xx..yy") != std::string::npos);
}

CAF_TEST(columns that must not shrink keep their contents) {
  table tight{{{"A"}, {"B"}}};
  tight.add({std::string(60, 'a'), std::string(60, 'b')});
  const auto text = tight.render({});
  CAF_CHECK(text.find(std::string(60, 'a')) != std::string::npos);
  CAF_CHECK(text.find(std::string(60, 'b')) != std::string::npos);
}

CAF_TEST(characters count and not bytes) {
  CAF_CHECK_EQUAL(width_of("häh"), 3u);
  CAF_CHECK_EQUAL(shortened("ääääääää", 6), "ää..ää");
  CAF_CHECK_EQUAL(shortened("abcdef", 6), "abcdef");
  CAF_CHECK_EQUAL(shortened("abcdefg", 6), "ab..fg");
  CAF_CHECK_EQUAL(shortened("abcdefg", 2), "ab");
}

CAF_TEST(control characters never reach the terminal) {
  CAF_CHECK_EQUAL(printable("a\033[2Jb\n\x7f"), "a?[2Jb??");
  CAF_CHECK_EQUAL(printable("a\xC2\x9B"
                            "31mb"),
                  "a?31mb");
  CAF_CHECK_EQUAL(printable("ä"), "ä");
}

CAF_TEST(long facts go on below at the borders of words) {
  facts some;
  some.add("why", "one two three four five six seven eight nine ten");
  some.add("node", "lb1");
  const screen narrow{30, false, false};
  CAF_CHECK_EQUAL(some.render(narrow), "why   one two three four five\n"
                                       "      six seven eight nine ten\n"
                                       "node  lb1\n");
}

CAF_TEST(a word that fits nowhere stands alone) {
  facts some;
  some.add("file", std::string(50, 'x') + " end");
  const screen narrow{30, false, false};
  CAF_CHECK_EQUAL(some.render(narrow),
                  "file  " + std::string(50, 'x') + "\n      end\n");
}
