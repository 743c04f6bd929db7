// SPDX-License-Identifier: BSD-3-Clause
#include "config/suggest.hpp"

#include <algorithm>
#include <vector>

namespace troupe::config {

namespace {

constexpr size_t words_max = 256;
constexpr size_t letters_max = 64;
constexpr size_t listed_max = 10;

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

} // namespace

unsigned edit_distance(std::string_view a, std::string_view b) {
  std::vector<unsigned> before(b.size() + 1), last(b.size() + 1),
    now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    last[j] = static_cast<unsigned>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = static_cast<unsigned>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const unsigned differs = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + differs});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::optional<std::string_view>
nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.empty() || word.size() > letters_max)
    return std::nullopt;
  const auto wanted = lower(word);
  const auto limit = std::max<size_t>(1, word.size() / 3);
  std::optional<std::string_view> best;
  size_t best_distance = limit + 1;
  for (auto candidate : known.first(std::min(known.size(), words_max))) {
    if (candidate.empty() || candidate.size() > word.size() + limit
        || word.size() > candidate.size() + limit)
      continue;
    const size_t distance = edit_distance(wanted, lower(candidate));
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view word,
                       std::span<const std::string_view> known,
                       std::string_view lead) {
  if (known.empty())
    return {};
  if (auto word_meant = nearest(word, known))
    return "did you mean \"" + std::string{*word_meant} + "\"?";
  std::string text{lead};
  const auto count = std::min(known.size(), listed_max);
  for (size_t i = 0; i < count; ++i) {
    if (i > 0)
      text += ", ";
    text += known[i];
  }
  if (count < known.size())
    text += ", ...";
  return text;
}

} // namespace troupe::config
