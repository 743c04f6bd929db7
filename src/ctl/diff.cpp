// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace troupe::ctl {

namespace {

constexpr size_t lines_around = 3;
constexpr long edits_max = 1000; ///< bounds memory: its square is kept

using lines = std::vector<std::string_view>;

/// With their ends, so that a missing last one is a difference.
lines lines_of(std::string_view text) {
  lines result;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto size = end == std::string_view::npos ? text.size() : end + 1;
    result.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return result;
}

/// ' ' in both, '-' only in the old text, '+' only in the new one.
struct edit {
  char kind;
  std::string_view line;
};
using edits = std::vector<edit>;

/// For each number of edits: how far in `a` each diagonal x - y got.
class shortest_path {
public:
  shortest_path(const lines& a, const lines& b) : a_(a), b_(b) {}

  bool find() {
    const auto n = static_cast<long>(a_.size());
    const auto m = static_cast<long>(b_.size());
    for (long d = 0; d <= std::min(n + m, edits_max); ++d) {
      rounds_.emplace_back(static_cast<size_t>(2 * d + 1));
      for (long k = -d; k <= d; k += 2) {
        long x = d == 0 ? 0 : begin_of(d, k);
        while (x < n && x - k < m && at(a_, x) == at(b_, x - k))
          ++x;
        reached(d, k) = x;
        if (x >= n && x - k >= m)
          return true;
      }
    }
    return false;
  }

  edits walk_back() {
    edits result;
    auto x = static_cast<long>(a_.size());
    auto y = static_cast<long>(b_.size());
    for (long d = static_cast<long>(rounds_.size()) - 1; d >= 0; --d) {
      const long k = x - y;
      const long x_begin = d == 0 ? 0 : begin_of(d, k);
      for (; x > x_begin && y > 0; --x, --y)
        result.push_back({' ', at(a_, x - 1)});
      if (d == 0)
        break;
      if (inserts(d, k))
        result.push_back({'+', at(b_, --y)});
      else
        result.push_back({'-', at(a_, --x)});
    }
    std::reverse(result.begin(), result.end());
    return result;
  }

private:
  static std::string_view at(const lines& x, long i) {
    return x[static_cast<size_t>(i)];
  }
  long& reached(long d, long k) {
    return rounds_[static_cast<size_t>(d)][static_cast<size_t>(k + d)];
  }
  /// Whether the d-th edit that leads to diagonal k is an insertion.
  bool inserts(long d, long k) {
    return k == -d || (k != d && reached(d - 1, k - 1) < reached(d - 1, k + 1));
  }
  long begin_of(long d, long k) {
    return inserts(d, k) ? reached(d - 1, k + 1) : reached(d - 1, k - 1) + 1;
  }

  const lines& a_;
  const lines& b_;
  std::vector<std::vector<long>> rounds_;
};

edits edits_of(lines a, lines b) {
  const auto begin =
    std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
  edits result;
  for (auto i = a.begin(); i != a.begin() + begin; ++i)
    result.push_back({' ', *i});
  a.erase(a.begin(), a.begin() + begin);
  b.erase(b.begin(), b.begin() + begin);
  const auto end =
    std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first
    - a.rbegin();
  const lines tail{a.end() - end, a.end()};
  a.erase(a.end() - end, a.end());
  b.erase(b.end() - end, b.end());
  shortest_path path{a, b};
  if (path.find()) {
    std::ranges::move(path.walk_back(), std::back_inserter(result));
  } else {
    for (auto line : a)
      result.push_back({'-', line});
    for (auto line : b)
      result.push_back({'+', line});
  }
  for (auto line : tail)
    result.push_back({' ', line});
  return result;
}

/// "12,5" as hunks count lines.
std::string range(size_t begin, size_t count) {
  const auto first = count == 0 ? begin : begin + 1;
  return count == 1 ? fmt::format("{}", first)
                    : fmt::format("{},{}", first, count);
}

/// One hunk: the edits from `begin` to `end`, `x` and `y` lines in.
void add_hunk(std::string& to, const edits& all, size_t begin, size_t end,
              size_t x, size_t y) {
  size_t old_count = 0;
  size_t new_count = 0;
  std::string body;
  for (auto i = begin; i < end; ++i) {
    old_count += all[i].kind != '+' ? 1 : 0;
    new_count += all[i].kind != '-' ? 1 : 0;
    body += all[i].kind;
    body += all[i].line;
    if (!all[i].line.ends_with('\n'))
      body += "\n\\ No newline at end of file\n";
  }
  to +=
    fmt::format("@@ -{} +{} @@\n", range(x, old_count), range(y, new_count));
  to += body;
}

} // namespace

std::string unified_diff(std::string_view from, std::string_view to,
                         std::string_view from_name, std::string_view to_name) {
  if (from == to)
    return {};
  const auto all = edits_of(lines_of(from), lines_of(to));
  auto result = fmt::format("--- {}\n+++ {}\n", from_name, to_name);
  size_t x = 0; // lines of each text before `begin`
  size_t y = 0;
  for (size_t begin = 0; begin < all.size();) {
    // A hunk ends where more than twice the context is the same.
    auto first = begin;
    while (first < all.size() && all[first].kind == ' ')
      ++first;
    if (first == all.size())
      break;
    auto end = first;
    for (auto i = first; i < all.size() && i <= end + 2 * lines_around; ++i)
      if (all[i].kind != ' ')
        end = i + 1;
    const auto start = first - std::min(lines_around, first - begin);
    x += start - begin;
    y += start - begin;
    end = std::min(end + lines_around, all.size());
    add_hunk(result, all, start, end, x, y);
    for (auto i = start; i < end; ++i) {
      x += all[i].kind != '+' ? 1 : 0;
      y += all[i].kind != '-' ? 1 : 0;
    }
    begin = end;
  }
  return result;
}

} // namespace troupe::ctl
