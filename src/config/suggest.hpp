// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// "Did you mean": the word that was probably meant by a mistyped one.
namespace troupe::config {

/// Number of letters inserted, removed, replaced or swapped with their
/// neighbour (optimal string alignment) that turn `a` into `b`.
unsigned edit_distance(std::string_view a, std::string_view b);

/// The word of `known` nearest to `word`, if it is near enough to be a typing
/// mistake: at most one edit per three letters. Case does not count. Looks at
/// the first 256 words only, so that hostile files cost little.
std::optional<std::string_view>
nearest(std::string_view word, std::span<const std::string_view> known);

/// `did you mean "interval"?`, or when nothing is near `<lead>a, b, c` with at
/// most ten words; empty when there are no words at all.
std::string suggestion(std::string_view word,
                       std::span<const std::string_view> known,
                       std::string_view lead);

} // namespace troupe::config
