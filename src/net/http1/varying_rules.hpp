// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/substitution.hpp"
#include "net/http1/head.hpp"
#include "net/http1/rules.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net::http1 {

/// What header rules with variables say for one request. Its texts keep their
/// room for the next one.
struct filled_rules {
  std::string host;  ///< "" is the request's; for requests
  std::string lines; ///< as field_rules::lines(), with all that is written
  std::vector<std::string> instead; ///< of each replacement, in order

  void clear() noexcept {
    host.clear();
    lines.clear();
    for (auto& text : instead)
      text.clear();
  }
};

/// Header rules of one direction whose lines differ from request to request:
/// they have variables, or regexes that replace values. field_rules knows the
/// names. It belongs to one worker, as each regex does.
class varying_rules {
public:
  /// All the lines of one head that the rules write are no longer together,
  /// and no value of it is.
  static constexpr size_t size_max = routing::substitution::size_max;

  varying_rules() = default;
  explicit varying_rules(std::initializer_list<const header_rules*> in_order);

  /// Whether every request gets the same lines.
  bool empty() const noexcept { return !varies_; }

  /// Fills in what is known of a request. A line with variables whose value
  /// comes out empty is not written.
  /// @returns false if it becomes too long.
  bool fill(const routing::variable_values& from, filled_rules& to) const;

  /// Whether values of this field are replaced.
  bool replaces(std::string_view name) const noexcept;

  /// Appends the value of a received field, with all replacements.
  /// @returns false if it becomes too long.
  bool replace(std::string_view name, std::string_view value,
               const filled_rules& with, std::string& to) const;

  /// Replaces values of received fields.
  /// @param store Where they go that have changed: it lives as long as the
  /// head is used. Cleared first.
  /// @returns false if they become too long.
  bool replace(std::span<field> fields, const filled_rules& with,
               std::string& store) const;

private:
  struct line {
    std::string name;
    routing::text_template value;
    size_t replaced_from;
  };
  struct replacement {
    std::string name;
    routing::substitution with;
  };

  bool append_value(const line& x, const routing::variable_values& from,
                    const filled_rules& with, std::string& to) const;
  bool replace_from(size_t first, std::string_view name, std::string& value,
                    const filled_rules& with) const;

  std::vector<line> lines_;
  std::vector<replacement> replacements_;
  bool varies_ = false;
};

} // namespace troupe::net::http1
