// SPDX-License-Identifier: BSD-3-Clause
#include "config/values.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace troupe::config {

namespace {

struct unit {
  std::string_view name;
  uint64_t factor;
};

constexpr unit duration_units[] = {{"h", 3'600'000},
                                   {"m", 60'000},
                                   {"s", 1'000},
                                   {"ms", 1}};

constexpr unit size_units[] = {{"GiB", 1ull << 30},
                               {"MiB", 1ull << 20},
                               {"KiB", 1ull << 10}};

/// Digits, then perhaps a unit.
struct quantity {
  uint64_t count = 0;
  std::string_view unit;
};

std::optional<quantity> split(std::string_view text) {
  quantity result;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, result.count);
  if (error != std::errc{})
    return std::nullopt;
  result.unit = {rest, static_cast<size_t>(end - rest)};
  return result;
}

/// @returns nothing for an unknown unit or a product beyond 64 bits.
std::optional<uint64_t> scale(const quantity& value,
                              std::span<const unit> units) {
  for (const auto& [name, factor] : units)
    if (value.unit == name) {
      if (value.count > std::numeric_limits<int64_t>::max() / factor)
        return std::nullopt;
      return value.count * factor;
    }
  return std::nullopt;
}

std::string in_largest_unit(uint64_t value, std::span<const unit> units) {
  for (const auto& [name, factor] : units)
    if (value >= factor && value % factor == 0)
      return std::to_string(value / factor) + std::string{name};
  return std::to_string(value);
}

bool is_text(std::string_view text) {
  return std::ranges::none_of(
    text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
      || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
  });
}

} // namespace

parsed<uint64_t> number::operator()(std::string_view text) const {
  const auto value = split(text);
  if (value && value->unit.empty() && value->count >= min
      && value->count <= max)
    return value->count;
  auto wanted = std::to_string(min);
  if (max > min)
    wanted += ".." + std::to_string(max);
  if (!way_out.empty())
    wanted += "; " + std::string{way_out};
  return expected{std::move(wanted)};
}

parsed<milliseconds> duration::operator()(std::string_view text) const {
  const auto value = split(text);
  const bool bare_zero = value && value->count == 0 && value->unit.empty();
  const auto scaled = bare_zero ? std::optional<uint64_t>{0}
                    : value     ? scale(*value, duration_units)
                                : std::nullopt;
  if (!scaled)
    return expected{"a number and its unit, such as 500ms, 2s, 1m or 1h"};
  const milliseconds result{static_cast<milliseconds::rep>(*scaled)};
  if (result < min || result > max)
    return expected{to_text(min) + ".." + to_text(max)};
  return result;
}

parsed<uint64_t> byte_size::operator()(std::string_view text) const {
  const auto value = split(text);
  std::optional<uint64_t> result;
  if (value)
    result = value->unit.empty() ? value->count : scale(*value, size_units);
  if (!result)
    return expected{"bytes or a size such as 16KiB, 256MiB or 1GiB"};
  if (*result < min || *result > max)
    return expected{size_text(min) + ".." + size_text(max)};
  return *result;
}

parsed<bool> boolean::operator()(std::string_view text) const {
  if (text == "true")
    return true;
  if (text == "false")
    return false;
  return expected{"true or false"};
}

parsed<std::string> plain_text::operator()(std::string_view text) const {
  if (text.size() > size_max)
    return expected{"at most " + std::to_string(size_max) + " bytes"};
  if (!is_text(text))
    return expected{"text without control characters"};
  return std::string{text};
}

parsed<std::string> identifier::operator()(std::string_view text) const {
  if (text.size() > 64 || !is_name(text) || !is_alphanumeric(text[0]))
    return expected{"1 to 64 letters, digits, \"_\", \"-\" or \".\", the first "
                    "a letter or digit"};
  return std::string{text};
}

parsed<std::string> node_name::operator()(std::string_view text) const {
  if (text.size() > 63 || !is_name(text))
    return expected{"1 to 63 letters, digits, \"_\", \"-\" or \".\""};
  return std::string{text};
}

parsed<std::string> absolute_path::operator()(std::string_view text) const {
  if (!text.starts_with('/') || text.size() > size_max || !is_text(text))
    return expected{"an absolute path of at most " + std::to_string(size_max)
                    + " bytes"};
  return std::string{text};
}

parsed<uint64_t> file_mode::operator()(std::string_view text) const {
  uint64_t mode = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, mode, 8);
  if (text.size() < 3 || text.size() > 4 || error != std::errc{} || stop != end
      || mode > 0777)
    return expected{"permissions in octal digits, such as \"0660\""};
  return mode;
}

std::string to_text(milliseconds value) {
  if (value.count() == 0)
    return "0s";
  return in_largest_unit(static_cast<uint64_t>(value.count()), duration_units);
}

std::string size_text(uint64_t bytes) {
  return in_largest_unit(bytes, size_units);
}

} // namespace troupe::config
