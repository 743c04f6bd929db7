// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace troupe::routing {

/// A regular expression of a configuration, in RE2's language (decision 0021):
/// the time to look for it grows with the text alone, whatever the expression
/// is. It reads bytes, as texts of requests need not be UTF-8.
///
/// It keeps what it learns of texts, up to 1 MiB, behind a lock: each worker
/// has its own. While it learns, it allocates.
class regex {
public:
  explicit regex(const std::string& text);
  regex(regex&&) noexcept;
  regex& operator=(regex&&) noexcept;
  ~regex();

  /// Whether it is found anywhere in `text`. Never, if it is a bad one.
  bool found_in(std::string_view text) const;

private:
  std::unique_ptr<re2::RE2> compiled_;
};

/// Compiled as all regexes of a configuration are.
/// @param captures Whether groups say what they hold, which costs more.
std::unique_ptr<re2::RE2> compile_regex(const std::string& text, bool captures);

/// Why `text` cannot be used as a regex; "" if it can.
std::string regex_problem(const std::string& text);

} // namespace troupe::routing
