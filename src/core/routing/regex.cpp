// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/regex.hpp"

#include <array>
#include <re2/re2.h>

namespace troupe::routing {

std::unique_ptr<re2::RE2> compile_regex(const std::string& text,
                                        bool captures) {
  re2::RE2::Options options;
  // Read as UTF-8, `.` stands for no byte that is not: "^.*bot$" could be
  // avoided by sending one.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_max_mem(1 << 20);
  options.set_never_capture(!captures);
  options.set_log_errors(false); // RE2 writes to standard error
  return std::make_unique<re2::RE2>(text, options);
}

regex::regex(const std::string& text) : compiled_(compile_regex(text, false)) {
  // The first search sets up the automaton: not while a client waits.
  constexpr std::array<std::string_view, 4> common{
    "", "/", "/index.html", "/api/v1/users/1234567890?_-~%2F"};
  for (const auto x : common)
    found_in(x);
  found_in(text);
}

regex::regex(regex&&) noexcept = default;
regex& regex::operator=(regex&&) noexcept = default;
regex::~regex() = default;

bool regex::found_in(std::string_view text) const {
  return compiled_->ok()
      && re2::RE2::PartialMatch({text.data(), text.size()}, *compiled_);
}

std::string regex_problem(const std::string& text) {
  const auto compiled = compile_regex(text, false);
  return compiled->ok() ? "" : compiled->error();
}

} // namespace troupe::routing
