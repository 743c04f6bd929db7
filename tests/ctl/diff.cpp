// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_diff

#include "ctl/diff.hpp"

#include "caf_test.hpp"

#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace troupe::ctl;

namespace {

std::string numbered(int first, int last) {
  std::string result;
  for (int i = first; i <= last; ++i)
    result += std::to_string(i) + '\n';
  return result;
}

std::string diff(const std::string& a, const std::string& b) {
  return unified_diff(a, b, "a", "b");
}

/// Replays a diff on the text it begins from, as patch does, and checks that
/// its context and what it takes away are there.
std::string patched(const std::string& from, const std::string& changes) {
  std::istringstream old{from};
  std::istringstream in{changes};
  std::string result;
  std::string line;
  size_t at = 1;
  auto copy = [&] {
    std::string x;
    std::getline(old, x);
    ++at;
    result += x + '\n';
  };
  while (std::getline(in, line)) {
    if (line.starts_with("---") || line.starts_with("+++"))
      continue;
    if (line.starts_with("@@ -")) {
      const auto range = line.substr(4, line.find(' ', 4) - 4);
      size_t first = std::stoul(range);
      if (range.ends_with(",0"))
        ++first;
      while (at < first)
        copy();
      continue;
    }
    std::string there;
    if (line[0] != '+') {
      std::getline(old, there);
      ++at;
      CAF_REQUIRE_EQUAL(there, line.substr(1));
    }
    if (line[0] != '-')
      result += line.substr(1) + '\n';
  }
  while (old.peek() != std::istringstream::traits_type::eof())
    copy();
  return result;
}

} // namespace

CAF_TEST(equal texts have no difference) {
  CAF_CHECK_EQUAL(diff("", ""), "");
  CAF_CHECK_EQUAL(diff(numbered(1, 9), numbered(1, 9)), "");
}

CAF_TEST(a changed line is shown with three lines around it) {
  auto changed = numbered(1, 4) + "five\n" + numbered(6, 20);
  CAF_CHECK_EQUAL(
    diff(numbered(1, 20), changed),
    "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n"
    " 8\n");
}

CAF_TEST(changes far apart are two hunks and near ones are one) {
  const auto from = numbered(1, 30);
  const auto far = "0\n" + numbered(1, 29);
  const auto near = "0\n" + numbered(1, 5) + numbered(7, 30);
  auto hunks = [&](const std::string& to) {
    const auto text = diff(from, to);
    size_t result = 0;
    for (auto at = text.find("\n@@"); at != std::string::npos;
         at = text.find("\n@@", at + 1))
      ++result;
    return result;
  };
  CAF_CHECK_EQUAL(hunks(far), 2u);
  CAF_CHECK_EQUAL(hunks(near), 1u);
}

CAF_TEST(text from nothing and to nothing) {
  CAF_CHECK_EQUAL(diff("", "x\n"), "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
  CAF_CHECK_EQUAL(diff("x\n", ""), "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n");
}

CAF_TEST(a last line without an end is told) {
  CAF_CHECK_EQUAL(diff("x\n", "x"), "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+x\n"
                                    "\\ No newline at end of file\n");
}

CAF_TEST(a diff leads from any text to any other) {
  std::mt19937 random{7}; // NOLINT: the same texts each time
  auto any = [&](int size, int words) {
    std::string result;
    for (int i = 0; i < size; ++i)
      result += std::to_string(random() % unsigned(words)) + '\n';
    return result;
  };
  for (int i = 0; i < 300; ++i) {
    const auto a = any(int(random() % 40), 1 + int(random() % 8));
    const auto b = any(int(random() % 40), 1 + int(random() % 8));
    CAF_REQUIRE_EQUAL(patched(a, diff(a, b)), b);
  }
}

CAF_TEST(texts with nothing in common are replaced whole) {
  const auto a = numbered(1, 2000);
  const auto b = numbered(5001, 7000);
  CAF_CHECK_EQUAL(patched(a, diff(a, b)), b);
}

CAF_TEST(what is found is the shortest way) {
  const auto text = diff("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n");
  size_t edits = 0;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("---") && !line.starts_with("+++"))
      edits += line[0] == '-' || line[0] == '+' ? 1 : 0;
  CAF_CHECK_EQUAL(edits, 5u); // the example of the paper
}
