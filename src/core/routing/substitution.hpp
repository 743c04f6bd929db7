// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/text_template.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace troupe::routing {

/// Where a text is put that variables and groups are part of.
enum class text_use : uint8_t {
  line, ///< of a head: no variable ends it
  path, ///< of a request or a redirect: what they hold is percent-encoded
};

/// A regex and what stands instead of each of its matches: `\1` is what its
/// first group holds, `\0` the whole match, `\\` a backslash, `{name}` a
/// variable. It belongs to one worker, as each regex does.
class substitution {
public:
  /// No result is longer.
  static constexpr size_t size_max = 65'536;

  /// @param match A good regex. @param to One without a problem.
  substitution(const std::string& match, std::string_view to, text_use use);
  substitution(substitution&&) noexcept;
  substitution& operator=(substitution&&) noexcept;
  ~substitution();

  /// What is wrong with `to`; "" if nothing is.
  static std::string
  problem(const std::string& match, std::string_view to,
          known_variables known = known_variables::of_request);

  /// Appends what stands instead of a match in one request: variables are
  /// filled in, and groups still stand as `\1`.
  void fill(const variable_values& from, std::string& to) const;

  enum class outcome : uint8_t { no_match, replaced, too_long };

  /// Appends `text` with each match replaced.
  /// @param instead As fill() left it.
  /// @returns With no_match, nothing was appended.
  outcome replace(std::string_view text, std::string_view instead,
                  std::string& to) const;

  /// Whether a `?` stands in the text itself.
  bool names_query() const noexcept;

private:
  /// A text, and the escape behind it as it stands: `\1` or `\\`.
  struct part {
    text_template text;
    std::string escape;
  };

  std::unique_ptr<re2::RE2> regex_;
  std::vector<part> parts_;
  text_use use_;
};

} // namespace troupe::routing
