// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/values.hpp"
#include "core/routing/text_template.hpp"

#include <span>
#include <string>

/// Kinds of values that routes match with. See values.hpp for the pattern.
namespace troupe::config {

/// A host as requests name it, in canonical form: lower case, no port, no final
/// dot; `*` alone or as the first label. Else what could be written instead.
struct route_host {
  static constexpr std::string_view kind = "a host name";
  parsed<std::string> operator()(std::string_view text) const;
};

/// A path or a prefix that is its own reading (rule 121).
struct route_path {
  static constexpr std::string_view kind = "a path";
  parsed<std::string> operator()(std::string_view text) const;
};

/// A regular expression in RE2's language.
struct regex_text {
  static constexpr std::string_view kind = "a regular expression";
  parsed<std::string> operator()(std::string_view text) const;
};

/// A text in which `{name}` is a variable (rule 120), without control
/// characters.
struct template_text {
  static constexpr std::string_view kind = "text";
  size_t size_max = 4096;
  parsed<std::string> operator()(std::string_view text) const;
};

/// The value of a header field, which may have variables. What the environment
/// holds for it is told nobody, not even a name in braces.
struct header_template {
  static constexpr std::string_view kind = "text";
  static constexpr bool may_be_secret = true;
  routing::known_variables known = routing::known_variables::of_request;
  parsed<std::string> operator()(std::string_view text) const;
};

/// As template_text, for what is part of a request line: visible ASCII without
/// `#`.
struct path_template {
  static constexpr std::string_view kind = "a path";
  bool has_variables = true; ///< false: those are looked at elsewhere
  parsed<std::string> operator()(std::string_view text) const;
};

/// As template_text, for a host, perhaps with a port.
struct host_template {
  static constexpr std::string_view kind = "a host";
  parsed<std::string> operator()(std::string_view text) const;
};

/// The domain of a cookie; "" is none.
struct cookie_domain {
  static constexpr std::string_view kind = "a domain";
  parsed<std::string> operator()(std::string_view text) const;
};

/// The path of a cookie.
struct cookie_path {
  static constexpr std::string_view kind = "a path";
  parsed<std::string> operator()(std::string_view text) const;
};

/// As template_text, of more than one line.
struct template_body {
  static constexpr std::string_view kind = "text";
  parsed<std::string> operator()(std::string_view text) const;
};

/// One of these numbers.
struct status_of {
  static constexpr std::string_view kind = "a status code";
  std::span<const unsigned> allowed; ///< none: 200 to 599
  parsed<uint64_t> operator()(std::string_view text) const;
};

/// The name of a header field that is only looked at.
struct field_name {
  static constexpr std::string_view kind = "a header name";
  parsed<std::string> operator()(std::string_view text) const;
};

} // namespace troupe::config
