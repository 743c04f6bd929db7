// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/report.hpp"
#include "config/values.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::config {

/// The state that all cursors over one text share.
struct reading {
  report& problems;
  const std::string& node;
  const variable_lookup& variables;
};

struct map_entry;

/// A node and the path that leads to it. Reading through it reports what does
/// not fit, so that a section is read by naming its keys once, and all problems
/// of a file come out in one pass.
class cursor {
public:
  cursor(const node& at, std::string path, reading& with)
    : node_(&at), path_(std::move(path)), with_(&with) {}

  const std::string& path() const noexcept { return path_; }
  position where() const noexcept { return node_->at; }
  bool is_list() const noexcept { return node_->kind == node_kind::list; }
  bool is_map() const noexcept { return node_->kind == node_kind::map; }

  /// A scalar as it stands in the file; "" for anything else.
  std::string_view written() const noexcept { return node_->text; }

  void problem(std::string text) const;
  void warning(std::string text) const;

  /// Remembers that this value names a file, see loaded::files.
  void names_file() const;

  /// Reports `got <this>, expected <wanted>`.
  void unexpected(std::string_view wanted) const;

  /// A scalar with its variables replaced; else a problem that names `kind`.
  std::optional<std::string> text(std::string_view kind) const;

  /// Elements of a list, none for an empty value; else a problem, as are fewer
  /// than `count_min` elements. A list or map has at most 4,096 elements.
  std::vector<cursor> list(std::string_view kind, size_t count_min = 0) const;

  /// Entries of a map in the order of the file, none for an empty value; else a
  /// problem. Duplicate keys and keys that are not scalars are problems and
  /// left out.
  std::vector<map_entry> entries() const;

  /// For checks after reading: what a path of keys and indices leads to, if it
  /// is there. Reports nothing.
  template <class Step, class... Steps>
  std::optional<cursor> at(Step step, Steps... steps) const {
    auto next = child(step);
    if constexpr (sizeof...(steps) > 0)
      return next ? next->at(steps...) : std::nullopt;
    else
      return next;
  }

  /// Reads a scalar into `out`, which stays as it is after a problem.
  /// @returns whether there was a good value.
  template <class T, class Kind>
  bool read(T& out, const Kind& kind) const {
    const auto raw = text(Kind::kind);
    if (!raw)
      return false;
    return accept(*raw, out, kind);
  }

  /// As read(), for a text that is taken as it stands, such as a key.
  template <class T, class Kind>
  bool accept(std::string_view raw, T& out, const Kind& kind) const {
    auto value = kind(raw);
    if (const auto* wanted = std::get_if<expected>(&value)) {
      // Problems are logged, and events that all users may read: what the
      // environment holds for such a value is not told.
      constexpr bool as_written = requires { Kind::may_be_secret; };
      mismatch(as_written ? written() : raw, wanted->text);
      return false;
    }
    out = static_cast<T>(std::get<0>(std::move(value)));
    return true;
  }

private:
  void mismatch(std::string_view raw, std::string_view wanted) const;
  std::optional<cursor> child(std::string_view key) const;
  std::optional<cursor> child(size_t index) const;
  bool too_long(size_t size) const;
  cursor below(const node& at, std::string_view key) const;
  cursor below(const node& at, size_t index) const;

  const node* node_;
  std::string path_;
  reading* with_;
};

/// One key of a map with its value.
struct map_entry {
  std::string_view name;
  cursor key; ///< stands at the key, with the path of the value
  cursor value;
};

/// A map whose keys are known. Unknown ones are reported at once, with the
/// nearest known one.
class map_cursor {
public:
  /// @param known All keys the section may have, for as long as this lives.
  map_cursor(const cursor& in, std::span<const std::string_view> known);

  bool empty() const noexcept { return entries_.empty(); }

  /// @pre `key` is one of the known ones.
  const cursor* find(std::string_view key) const;

  /// As find(), with a problem when the key is missing.
  const cursor* require(std::string_view key) const;

  template <class T, class Kind>
  bool read(std::string_view key, T& out, const Kind& kind) const {
    const auto* value = find(key);
    return value != nullptr && value->read(out, kind);
  }

  template <class T, class Kind>
  bool require(std::string_view key, T& out, const Kind& kind) const {
    const auto* value = require(key);
    return value != nullptr && value->read(out, kind);
  }

private:
  cursor at_;
  std::span<const std::string_view> known_;
  std::vector<map_entry> entries_;
};

} // namespace troupe::config
