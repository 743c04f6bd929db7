// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/substitution.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::routing {

/// What stands instead of the path of a request, in a redirect or a rewrite:
/// another path, another prefix, or what a regex makes of it. It works on
/// reading A of rule 121. It belongs to one worker, as each regex does.
class path_rule {
public:
  /// The texts of a configuration; at most one of the first three is not "".
  struct texts {
    std::string_view path;
    std::string_view prefix;
    const std::string& regex;
    std::string_view regex_to;
    /// The route's own: `prefix` stands instead of the longest that fits.
    const std::vector<std::string>& prefixes;
  };

  path_rule() = default;
  explicit path_rule(const texts& from);

  /// Whether there is no rule: every path stays.
  bool empty() const noexcept {
    return path_.empty() && prefix_.empty() && !regex_;
  }

  struct result {
    bool changed = false;   ///< false: nothing was appended
    bool too_long = false;  ///< then it is refused
    bool has_query = false; ///< the rule has its own, instead of the request's
    /// Of a prefix: that of the request, without `/` at the end, and the bytes
    /// of the one that stands there now.
    std::string_view prefix_before;
    size_t prefix_size = 0;
  };

  /// Appends the path that stands instead of `from.request.path`. It begins
  /// with `/`. The path `*` stays.
  /// @param buffer For readings; its room is used again.
  result append(const variable_values& from, std::string& buffer,
                std::string& to) const;

private:
  result append_prefixed(std::string_view path, const variable_values& from,
                         std::string& to) const;
  result append_replaced(std::string_view path, const variable_values& from,
                         std::string& to) const;

  text_template path_;
  text_template prefix_;
  std::optional<substitution> regex_;
  std::vector<std::string> prefixes_;
};

} // namespace troupe::routing
