// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_text_diff

#include "config/text_diff.hpp"

#include "caf_test.hpp"

#include "config/layout.hpp"

#include <charconv>
#include <random>
#include <string>
#include <vector>

using troupe::config::split_lines;
using troupe::config::text_diff;

namespace {

std::string diff(std::string_view from, std::string_view to) {
  return text_diff(from, to, "a", "b");
}

std::string numbers(unsigned first, unsigned last) {
  std::string result;
  for (auto n = first; n <= last; ++n)
    result += std::to_string(n) + "\n";
  return result;
}

/// Carries out what a diff says, as patch(1) does, and counts the edits.
struct patched {
  patched(std::string_view from, std::string_view diff_text) {
    const auto lines = split_lines(from);
    size_t at = 0;
    auto edits_left = split_lines(diff_text);
    for (size_t i = 2; i < edits_left.size(); ++i) {
      const auto line = edits_left[i];
      if (line.starts_with("@@ -")) {
        unsigned first = 0;
        std::from_chars(line.data() + 4, line.data() + line.size(), first);
        const auto comma = line.find(',');
        const bool empty =
          comma < line.find('+') && line.substr(comma).starts_with(",0");
        const size_t begin = empty ? first : first - 1;
        while (at < begin)
          text += lines[at++];
      } else if (line.starts_with("\\")) {
        text.pop_back();
      } else if (line.starts_with("+")) {
        text += line.substr(1);
        ++edits;
      } else {
        if (line.starts_with(" "))
          text += line.substr(1);
        else
          ++edits;
        ++at;
      }
    }
    while (at < lines.size())
      text += lines[at++];
  }

  std::string text;
  size_t edits = 0;
};

std::string random_text(std::mt19937& random) {
  std::string result;
  for (auto left = random() % 30; left > 0; --left)
    result += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
  return result;
}

/// By the textbook: lines less twice the longest common subsequence.
size_t fewest_edits(std::string_view from, std::string_view to) {
  const auto a = split_lines(from), b = split_lines(to);
  std::vector<std::vector<size_t>> common(a.size() + 1,
                                          std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j)
      common[i + 1][j + 1] = a[i] == b[j]
                             ? common[i][j] + 1
                             : std::max(common[i][j + 1], common[i + 1][j]);
  return a.size() + b.size() - 2 * common[a.size()][b.size()];
}

} // namespace

CAF_TEST(equal texts differ in nothing) {
  CAF_CHECK_EQUAL(diff("", ""), "");
  CAF_CHECK_EQUAL(diff("a\n", "a\n"), "");
}

CAF_TEST(a change is shown with three lines around it) {
  auto to = numbers(1, 20);
  to.replace(to.find("10\n"), 2, "ten");
  CAF_CHECK_EQUAL(diff(numbers(1, 20), to),
                  "--- a\n+++ b\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n "
                  "11\n 12\n 13\n");
}

CAF_TEST(changes far apart are hunks of their own and near ones are not ) {
  CAF_CHECK_EQUAL(diff(numbers(1, 8), numbers(2, 9)),
                  "--- a\n+++ b\n@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n"
                  "@@ -6,3 +5,4 @@\n 6\n 7\n 8\n+9\n");
  CAF_CHECK_EQUAL(diff(numbers(1, 4), numbers(2, 5)),
                  "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-1\n 2\n 3\n 4\n+5\n");
}

CAF_TEST(texts that come or go are counted from line 0) {
  CAF_CHECK_EQUAL(diff("", "x\n"), "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
  CAF_CHECK_EQUAL(diff("x\ny\n", ""),
                  "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-x\n-y\n");
}

CAF_TEST(a missing last line feed is told) {
  CAF_CHECK_EQUAL(diff("x", "x\n"),
                  "--- a\n+++ b\n@@ -1 +1 @@\n-x\n\\ No newline at end of "
                  "file\n+x\n");
}

CAF_TEST(a diff turns one text into the other with the fewest edits) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random{seed};
    const auto from = random_text(random), to = random_text(random);
    const patched result{from, diff(from, to)};
    if (result.text != to || result.edits != fewest_edits(from, to))
      CAF_FAIL("seed " << seed << ":\n" << diff(from, to));
  }
}

CAF_TEST(texts that have little in common are replaced) {
  const auto from = numbers(1, 30'000), to = numbers(50'000, 80'000) + "x\n";
  const patched result{from, diff(from, to)};
  CAF_CHECK(result.text == to);
  CAF_CHECK_EQUAL(result.edits, 60'002u);
}
