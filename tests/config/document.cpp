// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_document

#include "config/document.hpp"

#include "caf_test.hpp"

#include "parsing.hpp"

using parsing::problems_of;

namespace {

bool says(const std::string& text, const std::string& start) {
  const auto problems = problems_of(text);
  const bool good =
    problems.starts_with(start) && problems.find('\n') + 1 == problems.size();
  if (!good)
    CAF_MESSAGE("got " << problems);
  return good;
}

/// Each level holds the one before ten times.
std::string alias_bomb(unsigned levels) {
  std::string text = "a0: &a0 [x]\n";
  for (unsigned i = 1; i <= levels; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j)
      text += before + (j < 9 ? ", " : "]\n");
  }
  return text;
}

} // namespace

CAF_TEST(a syntax error has its place) {
  CAF_CHECK(says("a: [1, 2\nb: 3\n", "f:2:"));
  CAF_CHECK(says("a: b: c\n", "f:1:5: not valid YAML: "));
  CAF_CHECK(says("a: *nowhere\n", "f:1:4: not valid YAML: "));
  CAF_CHECK(says("a: \"open\n", "f:1:9: not valid YAML: illegal EOF"));
}

CAF_TEST(the commonest mistakes get a way out) {
  CAF_CHECK(problems_of("listen: [::]:8080\n").find("quote values with")
            != std::string::npos);
  CAF_CHECK(problems_of("a:\n\t- b\n").find("spaces, not tabs")
            != std::string::npos);
  CAF_CHECK(problems_of("a: b: c\n").find("check the indentation")
            != std::string::npos);
}

CAF_TEST(a second document is refused) {
  CAF_CHECK(says("a: 1\n---\nb: 1\n",
                 "f:2:1: not valid YAML: a second document begins here"));
}

CAF_TEST(tags are refused) {
  CAF_CHECK(says("a: !!str 5\n", "f:1:4: not valid YAML: tags such as "));
  CAF_CHECK(says("a: !evil {x: y}\n", "f:1:4: not valid YAML: tags such as "));
}

CAF_TEST(a pile of brackets is refused before the parser looks at it) {
  const auto found = problems_of("a: 1\nb: " + std::string(1'000'000, '['));
  CAF_CHECK(found.find("2:1004") != std::string::npos);
  CAF_CHECK(found.find("nested more than 32 levels deep") != std::string::npos);
  // Those that are closed are no pile, nor are some in a comment.
  std::string fine = "a: [";
  for (int n = 0; n < 5'000; ++n)
    fine += "[], ";
  const auto closed = problems_of(fine + "] # " + std::string(900, '{'));
  CAF_CHECK_EQUAL(closed.find("not valid YAML"), std::string::npos);
}

CAF_TEST(deep nesting is refused) {
  for (std::string_view opening : {"[", "- ", "? ", "[{a: ["}) {
    std::string text;
    for (int i = 0; i < 50'000; ++i)
      text += opening;
    CAF_CHECK(says(text, "f:1:"));
    CAF_CHECK(problems_of(text).find("nested more than 32 levels deep")
              != std::string::npos);
  }
}

CAF_TEST(aliases that unfold without end are refused) {
  CAF_CHECK(says(alias_bomb(9), "f:7:5: not valid YAML: aliases unfold to "));
  CAF_CHECK(says("a: &a [*a]\n", "f:1:8: not valid YAML: an alias inside "));
}

CAF_TEST(lists and maps have a limit) {
  std::string list = "frontends: [", map = "metrics: {";
  for (int i = 0; i < 10'001; ++i) {
    list += "{}, ";
    map += "k" + std::to_string(i) + ": v, ";
  }
  CAF_CHECK(problems_of(list + "]\n")
              .find("frontends: got 10001 elements, expected at most 10000")
            != std::string::npos);
  CAF_CHECK(problems_of(map + "}\n")
              .find("metrics: got 10001 elements, expected at most 10000")
            != std::string::npos);
}

CAF_TEST(only the first thousand problems are kept) {
  std::string text = "frontends:\n";
  for (int i = 0; i < 400; ++i)
    text += "- {}\n";
  const auto result = parsing::parse(text + "backends: []\n");
  CAF_REQUIRE_EQUAL(result.problems.size(), 1001u);
  CAF_CHECK_EQUAL(result.problems.back().to_string(),
                  "f: 201 more like these are not shown");
}

CAF_TEST(bytes that are not plain UTF - 8 text are refused) {
  const auto control = "f:2:2: a control character, expected plain text";
  CAF_CHECK(says(std::string("a: 1\nb\0: 2\n", 11), control));
  CAF_CHECK(says("a: 1\nb\x04: 2\n", control));
  CAF_CHECK(says("a: 1\nb\x7F: 2\n", control));
  const auto encoding = "f:1:4: not UTF-8; save the file as UTF-8";
  for (auto bad : {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                   "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82"})
    CAF_CHECK(says(std::string{"a: "} + bad, encoding));
  CAF_CHECK(says("\xFF\xFE"
                 "a",
                 "f:1:1: not UTF-8"));
}

CAF_TEST(a byte order mark and carriage returns do no harm) {
  auto text = parsing::contents(parsing::data_file("minimal.yaml"));
  CAF_CHECK_EQUAL(problems_of("\xEF\xBB\xBF" + text), "");
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.insert(at, "\r");
  CAF_CHECK_EQUAL(problems_of(text), "");
}

CAF_TEST(comments and names may be in any language) {
  CAF_CHECK_EQUAL(
    problems_of("# größer ☃ 𝄞\n"
                + parsing::contents(parsing::data_file("minimal.yaml"))),
    "");
}
