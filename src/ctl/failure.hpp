// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdexcept>
#include <string>

namespace troupe::ctl {

enum class exit_code : int {
  ok = 0,
  failed = 1,     ///< refused, or could not be done
  usage = 2,      ///< the command line makes no sense
  incomplete = 3, ///< a node that had to answer did not
  unknown = 4,    ///< decided or not: the cluster did not say in time
};

/// Ends a verb: its text goes to stderr, its code to the shell. Caught in
/// run() and nowhere else, except by code that retries.
class failure : public std::runtime_error {
public:
  /// @param text The problem and the way out; may have several lines.
  failure(exit_code code, const std::string& text)
    : std::runtime_error(text), code_(code) {}
  exit_code code() const noexcept { return code_; }

private:
  exit_code code_;
};

/// The request was sent and no outcome came back: what it asked for may have
/// been done, and a verb that changes something must not say that it was not.
class no_answer : public failure {
public:
  using failure::failure;
};

} // namespace troupe::ctl
