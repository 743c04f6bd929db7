// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/suggest.hpp"
#include "core/time.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

/// Kinds of values. Each is a function object from the text of a scalar to a
/// value, or to what should have stood there; `kind` names it for a message
/// about a list or map found in its place.
namespace troupe::config {

/// A description of the allowed values, as it follows "expected".
struct expected {
  std::string text;
};

template <class T>
using parsed = std::variant<T, expected>;

struct number {
  static constexpr std::string_view kind = "a number";
  uint64_t min = 0;
  uint64_t max = 0;
  std::string_view way_out = {}; ///< follows the range, when there is one
  parsed<uint64_t> operator()(std::string_view text) const;
};

/// `500ms`, `2s`, `1m`, `1h`; a bare number is refused, except 0.
struct duration {
  static constexpr std::string_view kind = "a duration such as 2s";
  milliseconds min{0};
  milliseconds max{0};
  parsed<milliseconds> operator()(std::string_view text) const;
};

/// `16KiB`, `256MiB`, `1GiB` or a plain number of bytes.
struct byte_size {
  static constexpr std::string_view kind = "a size such as 16KiB";
  uint64_t min = 0;
  uint64_t max = 0;
  parsed<uint64_t> operator()(std::string_view text) const;
};

struct boolean {
  static constexpr std::string_view kind = "true or false";
  parsed<bool> operator()(std::string_view text) const;
};

/// Any text of at most `size_max` bytes without control characters.
struct plain_text {
  static constexpr std::string_view kind = "text";
  size_t size_max = 4096;
  parsed<std::string> operator()(std::string_view text) const;
};

/// A name of a frontend, backend or server: it ends up in log lines, labels of
/// metrics and addresses of the API, so it is letters, digits, `_`, `-`, `.`.
struct identifier {
  static constexpr std::string_view kind = "a name";
  parsed<std::string> operator()(std::string_view text) const;
};

/// A name of a node or cluster: as identifier, but also a name in a
/// certificate and part of messages between nodes, so at most 63 bytes.
struct node_name {
  static constexpr std::string_view kind = "a name";
  parsed<std::string> operator()(std::string_view text) const;
};

/// An absolute path in the file system.
struct absolute_path {
  static constexpr std::string_view kind = "a path";
  size_t size_max = 4095;
  parsed<std::string> operator()(std::string_view text) const;
};

/// Permissions of a file, three or four octal digits.
struct file_mode {
  static constexpr std::string_view kind = "permissions such as \"0660\"";
  parsed<uint64_t> operator()(std::string_view text) const;
};

/// One of a few words.
template <class T, size_t N>
struct choice {
  static constexpr std::string_view kind = "one word";
  std::array<std::pair<std::string_view, T>, N> words;
  parsed<T> operator()(std::string_view text) const {
    std::array<std::string_view, N> names;
    for (size_t i = 0; i < N; ++i) {
      names[i] = words[i].first;
      if (text == names[i])
        return words[i].second;
    }
    return expected{one_of(text, names)};
  }

private:
  static std::string one_of(std::string_view text,
                            std::span<const std::string_view> names) {
    std::string result;
    for (auto name : names) {
      if (!result.empty())
        result += name == names.back() ? " or " : ", ";
      result += name;
    }
    if (auto meant = nearest(text, names))
      result += "; did you mean \"" + std::string{*meant} + "\"?";
    return result;
  }
};

/// Calls `choice{{{"word", value}, ...}}` without the counting.
template <class T, size_t N>
constexpr choice<T, N> words(const std::pair<std::string_view, T> (&pairs)[N]) {
  return {std::to_array(pairs)};
}

/// The shortest text that `duration` reads back: "90s", "1h".
std::string to_text(milliseconds value);

/// The shortest text that `byte_size` reads back: "16KiB", "1500".
std::string size_text(uint64_t bytes);

} // namespace troupe::config
