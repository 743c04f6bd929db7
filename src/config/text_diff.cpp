// SPDX-License-Identifier: BSD-3-Clause
#include "config/text_diff.hpp"

#include "config/layout.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace troupe::config {

namespace {

constexpr int edits_max = 1000;
constexpr size_t context = 3;

using lines = std::span<const std::string_view>;

enum class edit : char { keep = ' ', remove = '-', insert = '+' };

/// Edits that turn `a` into `b`: one for each line of either.
using script = std::vector<edit>;

void append(script& to, size_t count, edit what) {
  to.insert(to.end(), count, what);
}

script replace_all(lines a, lines b) {
  script result;
  append(result, a.size(), edit::remove);
  append(result, b.size(), edit::insert);
  return result;
}

/// The greedy algorithm of the paper: for d edits, the furthest that can be
/// reached on each diagonal k = x - y.
class shortest_script {
public:
  shortest_script(lines a, lines b)
    : a_(a), b_(b), n_(static_cast<int>(a.size())),
      m_(static_cast<int>(b.size())), reach_(2 * size_t{edits_max} + 3) {}

  script run() {
    for (int d = 0; d <= edits_max; ++d) {
      trace_.emplace_back(at(-d - 1), at(d + 1) + 1);
      for (int k = -d; k <= d; k += 2)
        if (advance(d, k))
          return walk_back(d);
    }
    return replace_all(a_, b_);
  }

private:
  using reached = std::vector<int>;

  reached::iterator at(int k) { return reach_.begin() + edits_max + 1 + k; }

  static bool from_above(const auto& before, int d, int k) {
    return k == -d || (k != d && before(k - 1) < before(k + 1));
  }

  /// @returns whether that reaches the end of both texts.
  bool advance(int d, int k) {
    const auto before = [this](int diagonal) { return *at(diagonal); };
    int x = from_above(before, d, k) ? *at(k + 1) : *at(k - 1) + 1;
    while (x < n_ && x - k < m_
           && a_[static_cast<size_t>(x)] == b_[static_cast<size_t>(x - k)])
      ++x;
    *at(k) = x;
    return x >= n_ && x - k >= m_;
  }

  script walk_back(int d) {
    script result;
    int x = n_, y = m_;
    for (; d > 0; --d) {
      const auto& row = trace_[static_cast<size_t>(d)];
      const auto before = [&](int k) {
        return row[static_cast<size_t>(k + d + 1)];
      };
      const int k = x - y;
      const bool down = from_above(before, d, k);
      const int start = down ? before(k + 1) : before(k - 1) + 1;
      append(result, static_cast<size_t>(x - start), edit::keep);
      result.push_back(down ? edit::insert : edit::remove);
      x = down ? start : start - 1;
      y = x - (down ? k + 1 : k - 1);
    }
    append(result, static_cast<size_t>(x), edit::keep);
    std::ranges::reverse(result);
    return result;
  }

  lines a_, b_;
  int n_, m_;
  reached reach_;              ///< furthest x by diagonal
  std::vector<reached> trace_; ///< of each d, diagonals -d-1 to d+1 before it
};

script find_script(lines a, lines b) {
  const auto [first_a, first_b] = std::ranges::mismatch(a, b);
  const auto head = static_cast<size_t>(first_a - a.begin());
  a = a.subspan(head);
  b = b.subspan(head);
  size_t tail = 0;
  while (tail < a.size() && tail < b.size()
         && a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  script result(head, edit::keep);
  std::ranges::copy(
    shortest_script{a.first(a.size() - tail), b.first(b.size() - tail)}.run(),
    std::back_inserter(result));
  append(result, tail, edit::keep);
  return result;
}

/// Which lines of a script are shown: changes and what is near them.
std::vector<bool> find_shown(const script& all) {
  std::vector<bool> result(all.size(), false);
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i] != edit::keep) {
      const auto begin = i - std::min(i, context);
      const auto end = std::min(all.size(), i + context + 1);
      std::fill(result.begin() + static_cast<std::ptrdiff_t>(begin),
                result.begin() + static_cast<std::ptrdiff_t>(end), true);
    }
  return result;
}

/// "12,3" as in a hunk's header: first line and count, or the line before an
/// empty range.
std::string range_text(size_t begin, size_t count) {
  const auto first = count == 0 ? begin : begin + 1;
  return count == 1 ? std::to_string(first)
                    : fmt::format("{},{}", first, count);
}

/// Prints hunks, keeping count of where it is in both texts.
class printer {
public:
  printer(lines a, lines b, const script& all) : a_(a), b_(b), script_(all) {}

  std::string run() {
    const auto shown = find_shown(script_);
    size_t i = 0;
    while (i < script_.size()) {
      if (!shown[i]) {
        step(script_[i++]);
        continue;
      }
      auto end = i;
      while (end < script_.size() && shown[end])
        ++end;
      hunk({script_.begin() + static_cast<std::ptrdiff_t>(i),
            script_.begin() + static_cast<std::ptrdiff_t>(end)});
      i = end;
    }
    return std::move(out_);
  }

private:
  void step(edit what) {
    at_a_ += what == edit::insert ? 0 : 1;
    at_b_ += what == edit::remove ? 0 : 1;
  }

  void hunk(std::span<const edit> part) {
    const auto inserted =
      static_cast<size_t>(std::ranges::count(part, edit::insert));
    const auto removed =
      static_cast<size_t>(std::ranges::count(part, edit::remove));
    out_ +=
      fmt::format("@@ -{} +{} @@\n", range_text(at_a_, part.size() - inserted),
                  range_text(at_b_, part.size() - removed));
    for (const auto what : part) {
      const auto line = what == edit::insert ? b_[at_b_] : a_[at_a_];
      out_ += static_cast<char>(what);
      out_ += line;
      if (!line.ends_with('\n'))
        out_ += "\n\\ No newline at end of file\n";
      step(what);
    }
  }

  lines a_, b_;
  const script& script_;
  size_t at_a_ = 0, at_b_ = 0;
  std::string out_;
};

} // namespace

std::string text_diff(std::string_view from, std::string_view to,
                      std::string_view from_name, std::string_view to_name) {
  if (from == to)
    return {};
  const auto a = split_lines(from), b = split_lines(to);
  return fmt::format("--- {}\n+++ {}\n", from_name, to_name)
       + printer{a, b, find_script(a, b)}.run();
}

} // namespace troupe::config
