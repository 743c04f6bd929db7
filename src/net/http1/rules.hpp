// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"
#include "net/http1/fields.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net::http1 {

/// The header rules of one direction, a frontend's and behind them a route's,
/// prepared once per configuration. What could change framing or end a line is
/// left out (config refuses it).
class field_rules {
public:
  field_rules() = default;
  /// @param in_order A later one has the last word.
  explicit field_rules(std::initializer_list<const header_rules*> in_order);

  /// Whether every field passes as it came.
  bool empty() const noexcept { return empty_; }

  /// Whether the rules set or remove this field: no line of it passes.
  bool overrides(std::string_view name) const noexcept;

  /// How a received name relates to those that the rules speak of: a server
  /// could take an alias for one of them (rule 112). Names that are only added
  /// to, or whose values are replaced, are `different`: their lines pass.
  likeness compare(std::string_view received) const noexcept;

  /// Whether the rules write a value of this field: set, add or replace it.
  bool writes(std::string_view name) const noexcept;

  /// The value of the rules' own Host; null if they have none.
  const std::string* host() const noexcept {
    return host_.empty() ? nullptr : &host_;
  }

  /// "Name: value\r\n" of each field that is set or added, but Host; without
  /// those whose values vary from request to request (varying_rules).
  const std::string& lines() const noexcept { return lines_; }

  /// Bytes of host() and lines().
  size_t size_max() const noexcept { return lines_.size() + host_.size(); }

private:
  std::vector<std::string> dropped_; ///< set or removed
  std::vector<std::string> watched_; ///< added to, or replaced
  std::vector<std::string> written_;
  std::string host_;
  std::string lines_;
  bool empty_ = true;
};

/// A line that rules write.
struct ruled_line {
  std::string name;
  std::string value;
  bool added = false; ///< beside lines of this name that came
  /// Replacements of the rules from this one on apply to it: those in front
  /// were for the lines before it.
  size_t replaced_from = 0;
};

/// The rules of one direction as one: what is left of all that they say.
struct joined_rules {
  explicit joined_rules(std::initializer_list<const header_rules*> in_order);

  std::vector<std::string> removed;
  std::vector<ruled_line> lines; ///< set or added, in order
  std::vector<std::pair<std::string, substitution_settings>> replace;
};

/// Whether lines with this value differ from request to request.
bool varies(const ruled_line& line, const joined_rules& all);

} // namespace troupe::net::http1
