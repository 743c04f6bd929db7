// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/values.hpp"
#include "core/settings.hpp"

#include <vector>

/// Kinds of values that end up in HTTP messages. See values.hpp for the
/// pattern.
namespace troupe::config {

/// A token of RFC 9110 section 5.6.2, upper case, and not CONNECT: probes ask
/// for a resource.
struct http_method {
  static constexpr std::string_view kind = "a method";
  parsed<std::string> operator()(std::string_view text) const;
};

/// A request target in origin form: begins with `/`, no spaces.
struct http_path {
  static constexpr std::string_view kind = "a path";
  parsed<std::string> operator()(std::string_view text) const;
};

/// Value of a probe's Host field; "" leaves it to the server's address.
struct http_host {
  static constexpr std::string_view kind = "a host name";
  parsed<std::string> operator()(std::string_view text) const;
};

/// Name of a header field that rules may touch. Those that frame or route a
/// message or belong to one connection are troupe's own business: a rule for
/// them could smuggle requests.
struct header_name {
  static constexpr std::string_view kind = "a header name";
  parsed<std::string> operator()(std::string_view text) const;
};

/// A field value of RFC 9110 section 5.5 without obsolete forms.
struct header_value {
  static constexpr std::string_view kind = "a header value";
  static constexpr bool may_be_secret = true;
  parsed<std::string> operator()(std::string_view text) const;
};

/// `200`, `200-399` or `200,204,300-399`.
struct status_list {
  static constexpr std::string_view kind = "status codes";
  parsed<std::vector<status_range>> operator()(std::string_view text) const;
};

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text);

/// Compares header names: without case.
bool same_header(std::string_view a, std::string_view b);

} // namespace troupe::config
